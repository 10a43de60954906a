import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { createAttention } from '../../../runtime/attention/attention.ts';
import { nodeWorkers } from '../../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { compileHeadParts } from '../../../runtime/compile/compile-heads.ts';
import { type Configuration, readConfiguration } from '../../../runtime/language-model/configuration.ts';
import { createCpuDense } from '../../../runtime/language-model/cpu/dense.ts';
import { productBuilds } from '../../../runtime/language-model/cpu/kernel-builds.ts';
import type { Dense, Projection } from '../../../runtime/language-model/dense.ts';
import { checkDense } from '../../../runtime/language-model/dense-check.ts';
import { type LayerMasks, predictSequence } from '../../../runtime/language-model/forward.ts';
import { openDense, withFallback } from '../../../runtime/language-model/open-dense.ts';
import { createReferenceDense } from '../../../runtime/language-model/reference.ts';
import { type LanguageModel, readWeights } from '../../../runtime/language-model/weights.ts';
import type { Model, Pattern } from '../../../runtime/pattern/ir.ts';
import { toFloat32 } from '../../../runtime/tensor/convert.ts';
import { readSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { checkpointOf, madeUpWeights, slowBits, smallConfiguration, someConfiguration } from './slow-model.ts';

const sample = path.join(import.meta.dirname, '../../../examples/tiny-lm');
const builds = productBuilds();
const attention = createAttention({ workers: nodeWorkers(2) });
const opened: Dense[] = [];
afterAll(() => {
  attention.dispose();
  for (const dense of opened) dense.dispose();
});

const CAUSAL: Pattern = { kind: 'primitive', name: 'causal', args: {} };

function sliding(size: number): Pattern {
  return {
    kind: 'primitive',
    name: 'sliding',
    args: { size: { type: 'number', value: { op: 'number', value: size } } },
  };
}

function masksOf(pattern: Pattern, { layers, heads }: Configuration, tokens: number): LayerMasks {
  const all = (count: number): number[] => [...new Array(count).keys()];
  const model: Model = {
    ...{ name: 'mask', kind: 'pattern', tokens: null, queries: null, align: 'end', layers, heads, kvHeads: heads },
    ...{ headDim: null, dtype: 'f32', batch: 1, causal: false },
    rules: [{ layers: all(layers), heads: all(heads), pattern }],
  };
  return layer => ({ parts: compileHeadParts(model, layer, all(heads), tokens), selectMs: null, notes: [] });
}

const makers: [string, (model: LanguageModel) => Promise<Dense>][] = [
  ['reference', async model => createReferenceDense(model)],
  ...builds.map((build): [string, (model: LanguageModel) => Promise<Dense>] => [
    `${build.id} in this thread`,
    model => createCpuDense(model, { build }),
  ]),
];

describe.each(makers)('%s', (_, make) => {
  test('random models with random windows give the bits of the definition', async () => {
    const problem = fc.record({
      configuration: someConfiguration,
      n: fc.integer({ min: 1, max: 40 }),
      window: fc.integer({ min: 1, max: 50 }),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(problem, async ({ configuration, n, window, seed }) => {
        const weights = madeUpWeights(configuration, seed);
        const model = readWeights(configuration, checkpointOf(configuration, weights));
        const bytes = Uint8Array.from({ length: n + 1 }, (_, i) => (seed + i * i * 31) % 256);
        const dense = await make(model);
        const masks = masksOf(sliding(window), configuration, n);
        const { bits } = await predictSequence(model, { dense, attention, backend: 'cpu' }, bytes, masks);
        const expected = slowBits(configuration, weights, bytes, (_l, _h, i, j) => j <= i && i - j < window);
        expect(bits.length).toBe(n);
        for (const [i, value] of expected.entries()) expect(Math.abs(bits[i]! - value)).toBeLessThan(1e-3);
      }),
      { numRuns: 25 },
    );
  });

  test('passes the check of a start', async () => {
    await checkDense(make);
  });
});

test('a graphics device gives the bits of the definition; one that is imitated runs only when it is asked for', {
  timeout: 120_000,
}, async () => {
  const found = await openDawn();
  // A missing adapter is a failure: install chromium and libvulkan1.
  if ('reason' in found) throw new Error(found.reason);
  const hosts = { gpu: async () => found };
  const configuration = { ...smallConfiguration, dim: 29, headDim: 6, ff: 71, vocab: 257 };
  const weights = madeUpWeights(configuration, 3);
  const model = readWeights(configuration, checkpointOf(configuration, weights));
  const chosen = await openDense(model, hosts, 'auto');
  expect(chosen.notes).toEqual([expect.stringMatching(/^The only graphics adapter is SwiftShader/)]);
  expect(chosen.dense.id).toBe('cpu');
  chosen.dense.dispose();
  // It passes the check of a start, which has rows and columns beyond a tile, before it is used.
  const { dense, notes } = await openDense(model, hosts, 'gpu');
  expect([dense.id, notes]).toEqual(['gpu', []]);
  const bytes = Uint8Array.from({ length: 71 }, (_, i) => (i * i * 31) % 256);
  const masks = masksOf(sliding(9), configuration, 70);
  const { bits } = await predictSequence(model, { dense, attention, backend: 'cpu' }, bytes, masks);
  expect(dense.notes()).toEqual([]);
  dense.dispose();
  for (const [i, value] of slowBits(configuration, weights, bytes, (_l, _h, q, k) => k <= q && q - k < 9).entries())
    expect(Math.abs(bits[i]! - value)).toBeLessThan(1e-3);
});

test('a graphics device that fails is replaced in the middle', async () => {
  const notes: string[] = [];
  await checkDense(async model => {
    const right = createReferenceDense(model);
    const failing: Dense = {
      ...right,
      device: 'Card',
      finish: () => Promise.reject(new Error('The graphics device was lost.')),
    };
    const dense = withFallback(failing, async () => right);
    return { ...dense, dispose: () => notes.push(...dense.notes()) };
  });
  expect(notes).toEqual(['The GPU (Card) failed: The graphics device was lost.']);
});

test('without a GPU, the one that asks for it is told why', async () => {
  const model = readWeights(smallConfiguration, checkpointOf(smallConfiguration, madeUpWeights(smallConfiguration, 1)));
  const hosts = { gpu: async () => ({ reason: 'no adapter here.' }) };
  await expect(openDense(model, hosts, 'gpu')).rejects.toThrow('no adapter here. Choose the backend "cpu"');
  const { dense, notes } = await openDense(model, hosts, 'auto');
  expect(dense.id).toBe('cpu');
  expect(notes).toEqual(['no adapter here.']);
  dense.dispose();
});

test('the check of a start finds a wrong kernel', async () => {
  const wrong = checkDense(async model => {
    const dense = createReferenceDense(model);
    return {
      ...dense,
      finish: async (layer, x, attended) => (await dense.finish(layer, x, attended)).map(v => v * 1.001),
    };
  });
  await expect(wrong).rejects.toThrow(/MLP wrongly/);
});

describe.each([true, false])('workers, shared memory: %s', shared => {
  test('give what one thread gives', async () => {
    const [build] = builds;
    await checkDense(async model =>
      createCpuDense(model, { build: build!, workers: { ...nodeWorkers(2), shared }, workersFrom: 0 }),
    );
  });

  test('that cannot start are replaced by this thread, and it says so', async () => {
    const host = {
      ...{ threads: 2, shared },
      spawn: () => {
        throw new Error('no threads here');
      },
    };
    const notes: string[] = [];
    await checkDense(async model => {
      const dense = await createCpuDense(model, { build: builds[0]!, workers: host, workersFrom: 0 });
      return { ...dense, dispose: () => notes.push(...dense.notes()) };
    });
    expect(notes).toEqual(['Workers could not be used: no threads here']);
  });
});

describe('tiny-lm', () => {
  const configuration = readConfiguration(readFileSync(path.join(sample, 'config.json'), 'utf8'));
  const model = readWeights(configuration, readFileSync(path.join(sample, 'model.safetensors')));
  const text = readFileSync(path.join(sample, 'heldout.txt'));
  const ninth = text.subarray(8 * 4097, 9 * 4097);

  test('has queries, keys and values that were captured elsewhere, to the rounding of float16', async () => {
    const { tensors } = readSafetensors(readFileSync(path.join(sample, 'captured-qkv.safetensors')));
    const dense = await createCpuDense(model, { build: builds[0]!, workers: nodeWorkers(2) });
    opened.push(dense);
    const seen = new Map<number, Projection>();
    const masks = masksOf(CAUSAL, configuration, 1024);
    const machine = { dense, attention, backend: 'cpu' } as const;
    await predictSequence(model, machine, ninth.subarray(0, 1025), masks, {
      onProjection: (layer, projection) => seen.set(layer, projection),
    });
    for (const layer of [0, 2, 4]) {
      for (const name of ['q', 'k', 'v'] as const) {
        const captured = toFloat32(tensors.get(`layer${layer}.${name}`)!);
        const found = seen.get(layer)![name];
        expect(found.length).toBe(captured.length);
        let worst = 0;
        for (const [i, value] of captured.entries())
          worst = Math.max(worst, Math.abs(found[i]! - value) / Math.max(1, Math.abs(value)));
        // Half a unit in the last of eleven bits, and what float32 loses elsewhere: angles of 1,000 have few bits left.
        expect(worst).toBeLessThan(2 ** -11 + 3e-4);
      }
    }
  });

  test('stops at once when it is cancelled', async () => {
    const dense = await createCpuDense(model, { build: builds[0]!, workers: nodeWorkers(2) });
    opened.push(dense);
    const controller = new AbortController();
    const running = predictSequence(
      model,
      { dense, attention, backend: 'cpu' },
      ninth,
      masksOf(CAUSAL, configuration, 4096),
      {
        signal: controller.signal,
        onProgress: () => controller.abort(),
      },
    );
    await expect(running).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    const masks = masksOf(CAUSAL, configuration, 64);
    const { bits } = await predictSequence(model, { dense, attention, backend: 'cpu' }, ninth.subarray(0, 65), masks);
    expect(bits.every(Number.isFinite)).toBe(true);
  });
});
