import { beforeAll, expect, it, vi } from 'vitest';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { BufferUsage } from '../../../runtime/attention/gpu/usage.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { wgslSnippet } from '../../../runtime/export/wgsl-snippet.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { toUint32 } from '../../../runtime/tensor/convert.ts';
import { readSafetensors } from '../../../runtime/tensor/safetensors.ts';
import {
  type Case,
  caseOf,
  cases,
  check,
  expectSame,
  or,
  positions,
  primitive,
  refusal,
  seed,
  write,
} from './cases.ts';
import { type Allows, textOf } from './consumers.ts';
import { expectAttention } from './expect-attention.ts';

// A software device takes seconds to compile a shader.
vi.setConfig({ testTimeout: 300_000 });

let device: GPUDevice;

beforeAll(async () => {
  const opened = await openDawn();
  // A missing adapter is a failure: install chromium and libvulkan1.
  if ('reason' in opened) throw new Error(opened.reason);
  device = await (await opened.gpu.requestAdapter())!.requestDevice();
}, 30_000);

type Attention = (
  device: GPUDevice,
  read: (name: string) => Promise<ArrayBuffer>,
  ...tensors: Float32Array[]
) => Promise<Float32Array>;

/** The code that people are given to run an exported kernel, in a page's surroundings. */
const attention = new Function('GPUBufferUsage', 'GPUMapMode', `return ${wgslSnippet('mask')}`)(
  { ...BufferUsage, MAP_READ: 1 },
  { READ: 1 },
) as Attention;

async function expectKernel({ request, heads, allows }: Case, headDim: number): Promise<void> {
  const { queries, tokens } = request.shape;
  const input = sampleInput({ heads, kvHeads: request.kvHeads ?? heads, queries, keys: tokens, headDim }, 5);
  const files = new Map(
    write('wgsl', { ...request, headDim }).files.map(({ extension, bytes }) => [`mask.${extension}`, bytes]),
  );
  const o = await attention(device, async name => files.get(name)!.slice().buffer, input.q, input.k, input.v);
  expectAttention(o, input, allows, 2e-6);
}

/** The pairs that the kernel goes through, by its plan: what items, entries and mask bits say to `main`. */
function planned(
  { files }: ReturnType<typeof write>,
  { queries, tokens }: { queries: number; tokens: number },
): Allows {
  const { tensors } = readSafetensors(files[1]!.bytes);
  const words = (name: string): Uint32Array => toUint32(tensors.get(name)!);
  const [params, items, plan, masks] = ['params', 'items', 'plan', 'masks'].map(words) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  const [first, end, , tileQueries, tileKeys, rowWords, , masksAt] = params as unknown as number[];
  expect([first, end! * 8]).toEqual([0, items.length]);
  const allowed = new Set<number>();
  for (let item = 0; item < items.length; item += 8) {
    const [, , start, stop, out, , rows, flags] = items.subarray(item, item + 8) as unknown as number[];
    for (let row = 0; row < rows!; row++)
      for (let entry = start!; entry < stop!; entry++)
        for (let bit = 0; bit < tileKeys!; bit++) {
          const mask = plan[2 * entry + 1]!;
          const at = masksAt! + mask * tileQueries! * rowWords! + ((flags! >> 8) + row) * rowWords! + (bit >> 5);
          const isSet = mask === 0xffffffff || ((masks[at]! >>> (bit & 31)) & 1) === 1;
          const key = plan[2 * entry]! * tileKeys! + bit;
          if (!isSet) continue;
          if (key >= tokens) throw new Error(`key ${key} is not there`);
          allowed.add((out! + row) * tokens + key);
        }
  }
  return (head, i, j) => allowed.has((head * queries + i) * tokens + j);
}

it('the plan goes through the pairs of the mask, for every case', () =>
  check(one => expectSame(planned(write('wgsl', one.request), one.request.shape), one)));

it('Dawn computes what the reference computes', async () => {
  // All cases have the same code; what differs is the plan, and each is compiled anew.
  const some = cases().filter((_, at) => at % 40 === 0);
  expect(some.length).toBeGreaterThan(4);
  for (const [at, one] of some.entries())
    await expectKernel(one, at % 2 === 0 ? 16 : 10).catch(error => {
      throw new Error(`seed ${seed}, ${JSON.stringify(one.request)}`, { cause: error });
    });
});

it('with keys that heads share, ragged lengths, heads wider than they are stored and none at all', async () => {
  const wide = or(primitive('sliding', { size: 70 }), positions('columns', 0));
  const scattered: Pattern = primitive('random', { keys: 9 });
  await expectKernel(caseOf([wide, scattered, primitive('none')], squareShape(150), true, false), 30);
  await expectKernel(caseOf([wide, wide], squareShape(129), true, true), 17);
  const decoding = { ...squareShape(200), queries: 3, offset: 197 };
  await expectKernel(caseOf([primitive('causal'), primitive('sliding', { size: 5 })], decoding, true, false), 16);
});

it('has heads of 64 numbers where nobody said another number, and refuses what no device can do', () => {
  const { request } = caseOf([primitive('causal')], squareShape(70), false, false);
  const text = textOf(write('wgsl', request).files[0]);
  expect(text).toContain('HEAD_DIM 64  DIM 64');
  expect(text).toContain('QUERIES 70  KEYS 70');
  expect(refusal('wgsl', { ...request, headDim: 257 })?.message).toContain('at most 256 numbers');
});
