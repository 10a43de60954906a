import { afterAll, describe, expect, it } from 'vitest';
import { doRun, tensorsOf } from '../../../client/run/do-run.ts';
import { rowDifferences } from '../../../client/run/row-differences.ts';
import type { RunRequest, RunStep } from '../../../client/run/run-request.ts';
import { createAttention } from '../../../runtime/attention/attention.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { AttentionResult } from '../../../runtime/attention/types.ts';
import type { RowSelector } from '../../../runtime/dynamic/rows/row-rule.ts';
import { createRowSelector } from '../../../runtime/dynamic/rows/row-selector.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { writeNpz } from '../../../runtime/tensor/npz.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const language = createLanguage(NO_FILES);
const attention = createAttention({});
const rows = createRowSelector();
afterAll(() => attention.dispose());

async function request(text: string, more: Partial<RunRequest> = {}): Promise<RunRequest> {
  return {
    model: await language.lowerExpression(text),
    layer: 0,
    tokens: 150,
    heads: [0, 0],
    kvHeads: 1,
    headDim: 16,
    data: { kind: 'local' },
    backend: 'cpu',
    dtype: 'f32',
    longestFullMs: 60_000,
    ...more,
  };
}

function run(asked: RunRequest, memoryLimit = 2 ** 29, signal = new AbortController().signal) {
  const steps: RunStep[] = [];
  const doing = doRun(asked, { attention, rows, memoryLimit, signal, onStep: step => steps.push(step) });
  return doing.then(done => ({ ...done, steps }));
}

it('differences are the worst of each stretch of rows', () => {
  const shape = { heads: 2, queries: 600, headDim: 1 };
  const o = new Float32Array(1200);
  const fullOutput = new Float32Array(1200);
  o[4] = 2;
  fullOutput[600 + 5] = -3;
  fullOutput[1199] = 1;
  const checked = [
    { head: 0, row: 4, difference: 1e-7 },
    { head: 1, row: 5, difference: 3e-7 },
    { head: 0, row: 0, difference: 2e-7 },
  ];
  const sparse = { o } as unknown as AttentionResult;
  const { reference, full } = rowDifferences(shape, { sparse, rowDifferences: checked, fullOutput });
  expect(reference).toEqual([
    [0, 2e-7],
    [3, 3e-7],
  ]);
  expect(full!.length).toBe(200);
  expect(full!.filter(([, difference]) => difference > 0)).toEqual([
    [3, 3],
    [597, 1],
  ]);
  expect(rowDifferences(shape, { sparse, rowDifferences: [], fullOutput: null })).toEqual({
    reference: [],
    full: null,
  });
});

describe('a run', () => {
  it('tells times, errors by row, and what weights follow from', async () => {
    const asked = await request('sliding(9) | columns([0])');
    const { found, tensors, steps } = await run(asked);
    if (found.kind !== 'ran') throw new Error('It did not run');
    expect(found).toMatchObject({
      tokens: 150,
      heads: 2,
      kvHeads: 1,
      headDim: 16,
      backend: 'cpu',
      rows: 300,
      checkedRows: 300,
    });
    expect(found.largestDifference).toBeLessThan(1e-5);
    expect(found.fullMs).toBeGreaterThan(0);
    expect(found.differences.reference.length).toBe(150);
    expect(Math.max(...found.differences.reference.map(([, difference]) => difference))).toBe(found.largestDifference);
    // The first row attends to its own key only, with the whole weight.
    const full = found.differences.full!;
    expect(full.map(([row]) => row)).toEqual([...Array(150).keys()]);
    expect(full[0]![1]).toBeGreaterThan(0.1);
    expect(found.lse?.length).toBe(300);
    expect([...new Set(steps.map(({ stage }) => stage))]).toEqual(['compile', 'data', 'sparse', 'check', 'full']);
    const again = await tensorsOf(asked, tensors!.lse, rows);
    expect(again.input).toEqual(tensors!.input);
    expect(again.parts).toEqual(tensors!.parts);
  });

  it('chooses keys by content where the pattern asks for it', async () => {
    const { found, steps } = await run(await request('topk(8)'));
    expect(found).toMatchObject({ kind: 'ran', pairs: 2 * 150 * 8 });
    expect(found.kind === 'ran' && found.selectMs).toBeGreaterThan(0);
    expect(steps.some(({ stage }) => stage === 'select')).toBe(true);
  });

  it('tells how far choosing keys is and why not as it was meant to be, and stops when it is to', async () => {
    const asked = await request('topk(8)');
    const slow: RowSelector = {
      ...rows,
      choose(wanted, progress) {
        progress?.onProgress?.(0.5);
        progress?.signal?.throwIfAborted();
        return rows.choose(wanted);
      },
      notes: () => ['Workers could not be used.'],
    };
    const abort = new AbortController();
    const steps: RunStep[] = [];
    const onStep = (step: RunStep): void => void steps.push(step);
    const control = { attention, rows: slow, memoryLimit: 2 ** 29, signal: abort.signal, onStep };
    const { found } = await doRun(asked, control);
    expect(found.kind === 'ran' && found.notes[0]).toBe('Workers could not be used.');
    const choosing = steps.filter(({ stage }) => stage === 'select');
    // The second head's keys are chosen while the first one's tiles are listed.
    expect([...new Set(choosing.map(({ done }) => done))]).toEqual([0, 0.25, 0.5]);
    for (const { done, leftMs } of choosing) expect(leftMs !== null).toBe(done > 0);
    steps.length = 0;
    const stopped = doRun(asked, {
      ...control,
      onStep(step) {
        onStep(step);
        if (step.stage === 'select' && step.done > 0) abort.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(steps.at(-1)?.stage).toBe('select');
  });

  it('is not tried where it does not fit, and tells how large it is', async () => {
    const { found, tensors } = await run(await request('causal()'), 1000);
    expect(found).toEqual({
      kind: 'tooLarge',
      bytes: 4 * 16 * (3 * 2 * 150 + 2 * 150),
      limit: 1000,
      pairs: 2 * 75 * 151,
    });
    expect(tensors).toBeNull();
    expect((await run(await request('topk(8)'), 1000)).found).toMatchObject({ pairs: null });
  });

  it('takes tensors of a file, and says what is wrong with them by its name', async () => {
    const sample = sampleInput({ heads: 2, kvHeads: 1, queries: 40, keys: 60, headDim: 8 });
    const bytes = writeNpz({
      q: fromFloat32(sample.q, [2, 40, 8]),
      k: fromFloat32(sample.k, [1, 60, 8]),
      v: fromFloat32(sample.v, [1, 60, 8]),
    });
    const data = { kind: 'tensors', uri: 'file:///qkv.npz', name: 'qkv.npz', bytes } as const;
    const { found } = await run(await request('causal()', { data }));
    expect(found).toMatchObject({ kind: 'ran', tokens: 60, heads: 2, kvHeads: 1, headDim: 8, rows: 80 });
    const model = { ...(await request('causal()')).model, name: 'M', kind: 'model' as const, heads: 3 };
    await expect(run({ ...(await request('causal()')), model, data })).rejects.toThrow(
      'qkv.npz has heads = 2, but M has heads = 3',
    );
    await expect(run(await request('causal()', { data: { ...data, bytes: bytes.slice(0, 90) } }))).rejects.toThrow(
      /^qkv\.npz: This is not a \.npz file/,
    );
  });

  it('takes the layer of a file that the model is looked at in, and any for a pattern', async () => {
    const sample = sampleInput({ heads: 2, kvHeads: 2, queries: 30, keys: 30, headDim: 8 });
    const tensor = fromFloat32(sample.q, [2, 30, 8]);
    const file = (...names: readonly string[]) =>
      ({
        kind: 'tensors',
        uri: 'file:///layers.npz',
        name: 'layers.npz',
        bytes: writeNpz(Object.fromEntries(names.map(name => [name, tensor]))),
      }) as const;
    const seventh = file('layer7.q', 'layer7.k', 'layer7.v');
    const { found } = await run(await request('causal()', { data: seventh }));
    expect(found).toMatchObject({ kind: 'ran', tokens: 30 });
    const { model: pattern } = await request('causal()');
    const rules = pattern.rules.map(rule => ({ ...rule, layers: [0, 7], heads: [0, 1] }));
    const model = { ...pattern, name: 'M', kind: 'model' as const, heads: 2, kvHeads: 2, layers: 8, rules };
    expect((await run(await request('causal()', { model, layer: 7, data: seventh }))).found.kind).toBe('ran');
    await expect(run(await request('causal()', { model, layer: 0, data: seventh }))).rejects.toThrow(
      'layers.npz: it has layer 7, and none 0',
    );
    // Names without a number may be those of any layer.
    const plain = file('q', 'k', 'v');
    expect((await run(await request('causal()', { model, layer: 7, data: plain }))).found.kind).toBe('ran');
  });

  it('refuses scores beyond float32, and not rows without keys', async () => {
    const large = fromFloat32(new Float32Array(2 * 30 * 8).fill(1e25), [2, 30, 8]);
    const bytes = writeNpz({ q: large, k: large, v: large });
    const data = { kind: 'tensors', uri: 'file:///large.npz', name: 'large.npz', bytes } as const;
    await expect(run(await request('causal()', { data }))).rejects.toThrow(
      'The scores of query row 0 of head 0 are beyond float32',
    );
    const { found } = await run(await request('columns([90]) & causal()'));
    expect(found).toMatchObject({ kind: 'ran', pairs: 2 * 60 });
  });

  it('stops when it is cancelled', async () => {
    const abort = new AbortController();
    const doing = run(await request('full()', { tokens: 3000 }), 2 ** 29, abort.signal);
    abort.abort();
    await expect(doing).rejects.toMatchObject({ name: 'AbortError' });
  });
});
