// One group of measurements in a process of its own. Prints JSON.
import { createRequire } from 'node:module';
import path from 'node:path';
import { createCpuBackend } from '../../../runtime/attention/cpu/cpu.ts';
import { type KernelId, kernelBuilds } from '../../../runtime/attention/cpu/kernel-builds.ts';
import { nodeWorkers } from '../../../runtime/attention/cpu/workers.node.ts';
import { fullPlan } from '../../../runtime/attention/full-plan.ts';
import { referenceRows } from '../../../runtime/attention/reference.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { AttentionInput, Backend, PlanParts } from '../../../runtime/attention/types.ts';
import { compileHeadParts } from '../../../runtime/compile/compile-heads.ts';
import { FULL_TILE, planPairs, type TilePlan, wordsPerMask, wordsPerRow } from '../../../runtime/compile/tile-plan.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';
import { type Arm, type Effort, interleave, type Timing } from './interleave.ts';
import { exchange, multiHeadAttention } from './onnx-attention.ts';

interface Settings {
  /** Loops of multiply-adds for `tiles`: modules, base64, how many rounds, and the operations of a round. */
  readonly peaks: Readonly<Record<KernelId, string>>;
  readonly peakRounds: number;
  readonly peakFlops: Readonly<Record<'chains' | 'products', number>>;
  readonly root: string;
  readonly group: 'tiles' | 'dense' | 'sparse';
  readonly threads: number;
  readonly seconds: number;
  readonly tile: TilePlan['tile'];
  readonly heads: number;
  readonly tokens: number;
  readonly headDim: number;
  /** Patterns of `sparse`. */
  readonly patterns: readonly string[];
}

const settings = JSON.parse(process.argv[2] ?? '') as Settings;
const { threads, tile } = settings;

/** Full tiles against the machine's peak, one thread. */
async function tiles({ seconds, peaks, peakRounds, peakFlops }: Settings): Promise<object> {
  const arms: Arm[] = [];
  const flops: Record<string, number> = {};
  const ids = kernelBuilds().map(({ id }) => id);
  for (const id of ids) {
    const { instance } = await WebAssembly.instantiate(Buffer.from(peaks[id], 'base64'), { env: { abort: () => {} } });
    const loops = instance.exports as unknown as Record<string, (...of: readonly number[]) => number>;
    for (const [loop, each] of Object.entries(peakFlops)) {
      const name = `peak ${id} ${loop}`;
      arms.push({ name, run: () => void loops[loop]?.(peakRounds, 1e-3, 1) });
      flops[name] = each * peakRounds;
    }
  }
  for (const build of kernelBuilds())
    for (const headDim of [64, 128]) {
      const tokens = 1024;
      const input = sampleInput({ heads: 1, kvHeads: 1, queries: tokens, keys: tokens, headDim });
      const parts = fullParts(input);
      const backend = await createCpuBackend({ build });
      await checkOurs(input, parts, backend);
      const name = `kernel ${build.id} ${headDim}`;
      arms.push({ name, run: () => attend(backend, input, parts) });
      flops[name] = 4 * headDim * tokens * tokens;
    }
  const timings = await interleave(arms, { rounds: 9, seconds });
  const gflops = (name: string): number => (flops[name] ?? 0) / (timings.get(name)?.cpuMs ?? 0) / 1e6;
  return {
    runs: timings.get(arms[0]?.name ?? '')?.runs,
    peaks: ids.map(id => ({ id, gflops: Math.max(gflops(`peak ${id} chains`), gflops(`peak ${id} products`)) })),
    kernels: ids.flatMap(id => [64, 128].map(headDim => ({ id, headDim, gflops: gflops(`kernel ${id} ${headDim}`) }))),
  };
}

/** Full attention beside ONNX Runtime. */
async function dense({ heads, tokens, headDim, seconds }: Settings): Promise<object> {
  const input = sampleInput({ heads, kvHeads: heads, queries: tokens, keys: tokens, headDim });
  const parts = fullParts(input);
  const bias = new Float32Array(tokens * tokens);
  const arms: Arm[] = [];
  for (const { name, backend } of await ours()) {
    await checkOurs(input, parts, backend);
    arms.push({ name, run: () => attend(backend, input, parts) });
  }
  for (const peer of peers)
    for (const [suffix, given] of [
      ['', undefined],
      [' + bias', bias],
    ] as const) {
      const run = await peer.open(input, given);
      check(input, parts, exchange(await run(), tokens, heads, headDim), PEER_TOLERANCE, peer.name);
      arms.push({ name: `${peer.name}${suffix}`, run: async () => void (await run()) });
    }
  return { flops: 4 * heads * headDim * tokens * tokens, timings: entries(await interleave(arms, effort(seconds))) };
}

/** Sparse attention beside dense attention with the mask as a bias. */
async function sparse({ heads, tokens, headDim, patterns, seconds }: Settings): Promise<object> {
  const input = sampleInput({ heads, kvHeads: heads, queries: tokens, keys: tokens, headDim });
  const language = createLanguage(NO_FILES);
  const arms: Arm[] = [];
  const facts = [];
  const cases = [];
  for (const pattern of patterns) {
    const compiled = compileHeadParts(await language.lowerExpression(pattern), 0, [0], tokens, { tile });
    const parts = compiled.map(({ plans }) => ({ plans, headPlan: new Array<number>(heads).fill(0) }));
    const plans = compiled.flatMap(part => part.plans);
    const pairs = plans.reduce((sum, plan) => sum + planPairs(plan), 0);
    const listed = plans.reduce((sum, plan) => sum + plan.column.length, 0);
    facts.push({
      pattern,
      parts: parts.length,
      density: pairs / tokens ** 2,
      tiles: (listed * tile.queries * tile.keys) / tokens ** 2,
    });
    cases.push({ pattern, parts });
  }
  // One build is enough here: `dense` has both.
  for (const { name, backend } of (await ours()).slice(0, 1))
    for (const { pattern, parts } of cases) {
      await checkOurs(input, parts, backend);
      arms.push({ name: `${name}: ${pattern}`, run: () => attend(backend, input, parts) });
    }
  // The time of dense attention does not depend on the mask: its result is checked with the first one.
  const [first] = cases;
  const refused = [];
  if (first !== undefined)
    for (const peer of peers) {
      const run = await peer.open(input, biasOf(first.parts, tokens));
      let o: Float32Array;
      try {
        o = await run();
      } catch (error) {
        refused.push({ name: peer.name, reason: error instanceof Error ? error.message.trim() : String(error) });
        continue;
      }
      check(input, first.parts, exchange(o, tokens, heads, headDim), PEER_TOLERANCE, peer.name);
      arms.push({ name: peer.name, run: async () => void (await run()) });
    }
  const timings = entries(await interleave(arms, effort(seconds)));
  return { facts, refused, flops: 4 * heads * headDim * tokens * tokens, timings };
}

async function ours(): Promise<{ name: string; backend: Backend }[]> {
  const workers = { workers: nodeWorkers(threads), workersFrom: 0 };
  return Promise.all(
    kernelBuilds().map(async build => ({
      name: build.id,
      backend: await createCpuBackend({ build, ...(threads > 1 ? workers : {}) }),
    })),
  );
}

async function attend(backend: Backend, input: AttentionInput, parts: PlanParts): Promise<void> {
  const { notes } = await backend.run(input, parts, {});
  if (notes.length > 0) throw new Error(notes.join(' '));
}

function fullParts({ queries, keys, heads }: AttentionInput): PlanParts {
  return [{ plans: [fullPlan(queries, keys, tile)], headPlan: new Array<number>(heads).fill(0) }];
}

/** Relative to the largest value. */
const TOLERANCE = 2e-6;
const PEER_TOLERANCE = 1e-5;

async function checkOurs(input: AttentionInput, parts: PlanParts, backend: Backend): Promise<void> {
  const { o } = await backend.run(input, parts, {});
  check(input, parts, o, TOLERANCE, backend.device);
}

/** Some rows of the first and the last head against the float64 reference. @throws Error when they differ */
function check(input: AttentionInput, parts: PlanParts, o: Float32Array, tolerance: number, who: string): void {
  const { heads, queries, headDim } = input;
  const rows = [0, 1, Math.floor(queries / 3), Math.floor(queries / 2), queries - 2, queries - 1];
  const chosen = [0, heads - 1].flatMap(head => rows.map(row => ({ head, row })));
  const expected = referenceRows(input, parts, chosen);
  const most = input.v.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  chosen.forEach(({ head, row }, index) => {
    for (let d = 0; d < headDim; d++) {
      const off = Math.abs(
        (o[(head * queries + row) * headDim + d] ?? Number.NaN) - (expected.o[index * headDim + d] ?? 0),
      );
      if (!(off <= tolerance * most)) throw new Error(`${who} is wrong by ${off} in row ${row} of head ${head}`);
    }
  });
}

/** 0 for pairs that attend, a number that makes their weight 0 for others; [tokens][tokens]. */
function biasOf(parts: PlanParts, tokens: number): Float32Array {
  const bias = new Float32Array(tokens * tokens).fill(-1e4);
  for (const plan of parts.flatMap(({ plans }) => plans)) {
    const { rowStart, column, maskId, masks, queryOrder, keyOrder } = plan;
    for (let row = 0; row < tokens; row++) {
      const block = Math.floor(row / tile.queries);
      for (let entry = rowStart[block] ?? 0; entry < (rowStart[block + 1] ?? 0); entry++) {
        const id = maskId[entry] ?? 0;
        const words = id * wordsPerMask(plan) + (row % tile.queries) * wordsPerRow(plan);
        for (let c = 0; c < tile.keys; c++) {
          if (id !== FULL_TILE && (((masks[words + (c >>> 5)] ?? 0) >>> (c & 31)) & 1) === 0) continue;
          const key = (column[entry] ?? 0) * tile.keys + c;
          bias[(queryOrder?.[row] ?? row) * tokens + (keyOrder?.[key] ?? key)] = 0;
        }
      }
    }
  }
  return bias;
}

function effort(seconds: number): Effort {
  return { rounds: 5, seconds };
}

function entries(timings: ReadonlyMap<string, Timing>): object {
  return Object.fromEntries(timings);
}

interface Tensor {
  readonly data: Float32Array;
}

/** What both packages of ONNX Runtime offer. */
interface OnnxRuntime {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => Tensor;
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: { executionProviders: string[]; intraOpNumThreads: number; interOpNumThreads: number },
    ): Promise<{ run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> }>;
  };
}

interface Peer {
  readonly name: string;
  /** Prepares a model and its inputs; the function runs it and gives [tokens][heads][headDim]. */
  open(input: AttentionInput, bias: Float32Array | undefined): Promise<() => Promise<Float32Array>>;
}

const peers = (
  [
    ['onnxruntime-node', 'cpu'],
    ['onnxruntime-web', 'wasm'],
  ] as const
).map(([name, provider]): Peer => {
  const runtime = createRequire(path.join(settings.root, 'package.json'))(name) as OnnxRuntime;
  if (provider === 'wasm') runtime.env.wasm.numThreads = threads;
  return {
    name,
    async open({ q, k, v, heads, queries: tokens, headDim }, bias) {
      const session = await runtime.InferenceSession.create(
        multiHeadAttention({ heads, tokens, headDim, bias: bias !== undefined }),
        { executionProviders: [provider], intraOpNumThreads: threads, interOpNumThreads: 1 },
      );
      const rows = (data: Float32Array): Tensor =>
        new runtime.Tensor('float32', exchange(data, heads, tokens, headDim), [1, tokens, heads * headDim]);
      const feeds = {
        ...{ q: rows(q), k: rows(k), v: rows(v) },
        ...(bias === undefined ? {} : { bias: new runtime.Tensor('float32', bias, [1, 1, tokens, tokens]) }),
      };
      return async () => {
        const { o } = await session.run(feeds);
        if (o === undefined) throw new Error(`${name} gave no output`);
        return o.data;
      };
    },
  };
});

const groups = { tiles, dense, sparse };
const answer = JSON.stringify(await groups[settings.group](settings));
// Threads of a peer would keep the process.
process.stdout.write(`${answer}\n`, () => process.exit());
