import { fullPlan } from '../full-plan.ts';
import { selfCheck } from '../self-check.ts';
import { attendOn } from './attend-on.ts';
import { firstBudget } from './budget.ts';
import { candidates, type Demand } from './candidates.ts';
import type { Device } from './device.ts';
import { GpuError } from './gpu-error.ts';
import type { KernelSpec } from './kernel.ts';
import { DevicePass, type ReadyKernel } from './pass.ts';
import { DispatchTimer } from './timer.ts';
import { mergeShader } from './wgsl/merge.ts';
import { packShader } from './wgsl/pack.ts';

/**
 * The kernels that won their trial, by device and demand: each by its name and by what it won against. A host may keep them
 * from one program to the next.
 */
export interface KernelMemory {
  get(key: string): string | undefined;
  set(key: string, kernel: string): void;
}

/** For devices that are opened again. */
const untilTheEnd: KernelMemory = new Map<string, string>();

/** A trial starts small. On a device that does it in less than this, a larger one of about this length decides. */
const TRIAL_MS = 12;
const FIRST_TRIAL = { heads: 4, tokens: 1024 };
const SECOND_TRIAL = { heads: 16, mostTokens: 8192 };
/** Kernels that take so many times the best one's time are not tried on. */
const HOPELESS = 2;
/** Runs that follow each other without a pause, and how often all kernels are taken in turns. */
const REPEATS = 4;
const ROUNDS = 3;
/** A device that has been idle computes slowly at first. */
const WARM_UP_MS = 100;
/** Longer runs warm a device up by themselves. */
const LONG_RUN_MS = 25;

/**
 * The kernels of a device: compiled when they are first needed, checked against the reference before they are trusted, and
 * the fastest one chosen by a trial, once for each head dimension, precision and kind of tile.
 */
export class Kernels {
  readonly #opened: Device;
  readonly #winners: KernelMemory;
  readonly #chosen = new Map<string, Promise<ReadyKernel>>();
  readonly #ready = new Map<string, Promise<ReadyKernel>>();

  constructor(opened: Device, memory: KernelMemory = untilTheEnd) {
    this.#opened = opened;
    this.#winners = memory;
  }

  /** @throws GpuError when no kernel works on this device */
  choose(demand: Demand): Promise<ReadyKernel> {
    const key = keyOf(demand);
    let chosen = this.#chosen.get(key);
    if (chosen === undefined) {
      chosen = this.#choose(demand, `${this.#opened.name} ${key}`);
      this.#chosen.set(key, chosen);
      // A failure of the device is not a verdict on the kernels.
      chosen.catch(() => this.#chosen.delete(key));
    }
    return chosen;
  }

  /** A kernel of the given name, compiled and checked. */
  async named(demand: Demand, name: string): Promise<ReadyKernel> {
    const spec = candidates(this.#opened.capability, demand).find(each => each.name === name);
    if (spec === undefined) throw new GpuError('device', `There is no kernel called ${name} here.`);
    return this.#checked(spec, demand);
  }

  async #choose(demand: Demand, key: string): Promise<ReadyKernel> {
    const specs = candidates(this.#opened.capability, demand);
    const kept = this.#winners.get(key);
    // What was kept may be of another version, whose kernels were others, though some had the same names.
    const among = ` among ${sumOf(specs)}`;
    const won = specs.find(({ name }) => name + among === kept)?.name;
    const problems: { name: string; message: string }[] = [];
    const working: ReadyKernel[] = [];
    for (const spec of won === undefined ? specs : [...specs].sort(first(won))) {
      try {
        working.push(await this.#checked(spec, demand));
      } catch (error) {
        if (this.#opened.lost() || (error instanceof GpuError && error.kind === 'lost')) throw error;
        problems.push({ name: spec.name, message: error instanceof Error ? error.message : String(error) });
        continue;
      }
      // Should it no longer work, the others have their trial.
      if (spec.name === won) break;
    }
    const [only] = working;
    if (only === undefined) {
      const [problem] = problems;
      const all = problems.map(({ name, message }) => `${name}: ${message}`).join('; ');
      throw new GpuError(
        'wrong',
        problems.length === 1 && problem ? problem.message : `none of its kernels works (${all})`,
      );
    }
    const best = working.length === 1 ? only : await this.#fastest(working, demand);
    const winner = best.spec.name + among;
    if (winner !== kept) this.#winners.set(key, winner);
    return best;
  }

  /** Compiles a kernel and compares its results with the reference. */
  #checked(spec: KernelSpec, demand: Demand): Promise<ReadyKernel> {
    const wide = demand.headDim % 4 === 0;
    const key = `${spec.name}${wide ? '' : ' odd'}`;
    let ready = this.#ready.get(key);
    if (ready === undefined) {
      ready = compileKernel(this.#opened, spec, wide).then(async kernel => {
        const run: Parameters<typeof selfCheck>[0] = (input, parts, { scale }) =>
          attendOn(this.#opened, kernel, input, parts, {
            scale: scale ?? 1 / Math.sqrt(input.headDim),
            // Rows of more than three tiles are cut, and what has two is continued, so that both are checked too.
            longest: 2,
            budget: { keys: 2 ** 20, depth: 64 },
            poison: true,
          });
        await selfCheck(run, { headDim: demand.headDim, precision: spec.element });
        return kernel;
      });
      this.#ready.set(key, ready);
      ready.catch(() => {});
    }
    return ready;
  }

  async #fastest(kernels: readonly ReadyKernel[], demand: Demand): Promise<ReadyKernel> {
    const first = await this.#times(kernels, demand, FIRST_TRIAL);
    const shortest = Math.min(...first.values());
    const left = kernels.filter(kernel => (first.get(kernel) ?? Number.POSITIVE_INFINITY) <= HOPELESS * shortest);
    if (left.length <= 1 || shortest >= TRIAL_MS) return fastestOf(kernels, first);
    const longer = Math.sqrt((TRIAL_MS / shortest) * (FIRST_TRIAL.heads / SECOND_TRIAL.heads));
    const tokens = Math.min(SECOND_TRIAL.mostTokens, Math.round((FIRST_TRIAL.tokens * longer) / 256) * 256);
    if (tokens <= FIRST_TRIAL.tokens) return fastestOf(kernels, first);
    return fastestOf(left, await this.#times(left, demand, { heads: SECOND_TRIAL.heads, tokens }));
  }

  /** Milliseconds of full attention with each kernel: the shortest of a few runs, taken in turns. */
  async #times(
    kernels: readonly ReadyKernel[],
    { headDim, tile }: Demand,
    { heads, tokens }: { readonly heads: number; readonly tokens: number },
  ): Promise<ReadonlyMap<ReadyKernel, number>> {
    const { device, timestamps } = this.#opened;
    const data = filled(heads * tokens * headDim);
    const input = { q: data, k: data, v: data, heads, kvHeads: heads, queries: tokens, keys: tokens, headDim };
    const plans = { plans: [fullPlan(tokens, tokens, tile)], headPlan: new Array<number>(heads).fill(0) };
    const passes = kernels.map(kernel => ({
      kernel,
      pass: new DevicePass(this.#opened, kernel, { input, parts: [plans], scale: 1 / Math.sqrt(headDim) }),
    }));
    const times = new Map<ReadyKernel, number>();
    const note = (kernel: ReadyKernel, ms: number): void => {
      if (ms > 0) times.set(kernel, Math.min(ms, times.get(kernel) ?? Number.POSITIVE_INFINITY));
    };
    try {
      for (const { kernel, pass } of passes) {
        await pass.load(new DispatchTimer(device, false), undefined);
        const timer = new DispatchTimer(device, timestamps);
        note(kernel, (await timer.total(await pass.compute(timer, undefined, () => {}))).attend);
        timer.dispose();
      }
      // What takes long needs no second look; what is short is run until the device has come up to speed.
      const slowest = Math.max(...times.values());
      if (!timestamps || slowest > LONG_RUN_MS) return times;
      const started = performance.now();
      const unused = new DispatchTimer(device, false);
      while (performance.now() - started < WARM_UP_MS) {
        for (const { pass } of passes) pass.repeat(unused, REPEATS);
        await Promise.race([device.queue.onSubmittedWorkDone(), this.#opened.failure]);
      }
      times.clear();
      for (let round = 0; round < ROUNDS; round++) {
        for (const { kernel, pass } of passes) {
          const timer = new DispatchTimer(device, timestamps);
          pass.repeat(timer, REPEATS);
          const all = (await timer.each()).reduce((sum, { ms }) => sum + ms, 0);
          timer.dispose();
          note(kernel, all / REPEATS);
        }
      }
      return times;
    } finally {
      if (!this.#opened.lost()) for (const { pass } of passes) pass.dispose();
    }
  }
}

/** Throws GpuError when none has a time. */
function fastestOf(kernels: readonly ReadyKernel[], times: ReadonlyMap<ReadyKernel, number>): ReadyKernel {
  let best: ReadyKernel | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const kernel of kernels) {
    const ms = times.get(kernel) ?? Number.POSITIVE_INFINITY;
    if (ms < least) [best, least] = [kernel, ms];
  }
  if (best === undefined) throw new GpuError('device', 'No kernel could be timed.');
  return best;
}

function keyOf({ headDim, precision, tile }: Demand): string {
  const rows = tile.queries > 32 ? 64 : tile.queries > 16 ? 32 : 16;
  const keys = tile.keys % 64 === 0 ? 64 : tile.keys % 32 === 0 ? 32 : 16;
  return `${precision} d${headDim} ${rows}x${keys}`;
}

/** A sum of the code of kernels, FNV-1a: other kernels have another one. */
function sumOf(specs: readonly KernelSpec[]): string {
  let sum = 0x811c9dc5;
  for (const { code } of specs)
    for (let at = 0; at < code.length; at++) sum = Math.imul(sum ^ code.charCodeAt(at), 0x01000193);
  return (sum >>> 0).toString(16);
}

function first(name: string): (a: KernelSpec, b: KernelSpec) => number {
  return (a, b) => Number(b.name === name) - Number(a.name === name);
}

/** Numbers from -1 to 1 without a period that a kernel could profit from. */
function filled(length: number): Float32Array {
  const data = new Float32Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 31 - 1;
  }
  return data;
}

/** Compiles a kernel and the shaders around it. Throws GpuError when the device does not take them. */
export async function compileKernel(
  { device, failure }: Device,
  spec: KernelSpec,
  wide: boolean,
): Promise<ReadyKernel> {
  const pipeline = async (label: string, code: string): Promise<GPUComputePipeline> => {
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label, code });
    const made = device.createComputePipelineAsync({ label, layout: 'auto', compute: { module, entryPoint: 'main' } });
    made.catch(() => {});
    const error = await Promise.race([device.popErrorScope(), failure]);
    if (error !== null) throw new GpuError('device', error.message);
    return Promise.race([made, failure]);
  };
  const { layouts, element } = spec;
  const [attend, merge, q, k, v] = await Promise.all([
    pipeline('attend', spec.code),
    pipeline('merge', mergeShader()),
    pipeline('pack q', packShader(layouts.q, element, wide)),
    pipeline('pack k', packShader(layouts.k, element, wide)),
    pipeline('pack v', packShader(layouts.v, element, wide)),
  ]);
  return { spec, attend, merge, pack: { q, k, v }, budget: firstBudget() };
}
