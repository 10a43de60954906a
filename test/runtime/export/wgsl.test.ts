import { beforeAll, expect, it, vi } from 'vitest';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { BufferUsage } from '../../../runtime/attention/gpu/usage.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { wgslSnippet } from '../../../runtime/export/wgsl-snippet.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { type Case, caseOf, cases, or, positions, primitive, refusal, seed, write } from './cases.ts';
import { textOf } from './consumers.ts';
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

it('Dawn computes what the reference computes', async () => {
  // One shader serves all of a head dimension, but each is compiled anew.
  const some = cases().filter((_, at) => at % 16 === 0);
  expect(some.length).toBeGreaterThan(10);
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
