import { afterAll, describe, expect, test } from 'vitest';
import { measureModel } from '../../../../client/webview/quality/measure-model.ts';
import { measureTensors } from '../../../../client/webview/quality/measure-tensors.ts';
import { masksText } from '../../../../client/webview/quality/measurements.ts';
import { createSurveyor } from '../../../../runtime/analyse/quality/surveyor.ts';
import { createAttention } from '../../../../runtime/attention/attention.ts';
import { sampleInput } from '../../../../runtime/attention/sample-data.ts';
import { createRowSelector } from '../../../../runtime/dynamic/rows/row-selector.ts';
import { fromFloat32 } from '../../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../../runtime/tensor/safetensors.ts';
import { createLanguage, NO_FILES } from '../../../../server/language.ts';
import { modelFiles, smallConfiguration } from '../../../runtime/language-model/slow-model.ts';

const language = createLanguage(NO_FILES);
const attention = createAttention({});
const rows = createRowSelector();
afterAll(() => attention.dispose());

async function choiceOf(text: string, hidden: readonly string[] = []) {
  const file = await language.open('memory:/quality.sparse', text);
  const model = file.lower(file.declarations().at(-1)!.name);
  return { model, tokens: model.tokens ?? 32, layer: 0, head: 0, hidden };
}

function tensorFile(layers: readonly number[]) {
  const shape = { heads: 2, kvHeads: 1, queries: 40, keys: 48, headDim: 8 };
  const tensors = layers.flatMap(layer => {
    const { q, k, v } = sampleInput(shape, layer);
    return [
      [`layer${layer}.q`, fromFloat32(q, [2, 40, 8])],
      [`layer${layer}.k`, fromFloat32(k, [1, 48, 8])],
      [`layer${layer}.v`, fromFloat32(v, [1, 48, 8])],
    ] as const;
  });
  return { uri: 'file:///x', name: 'x.safetensors', bytes: writeSafetensors(Object.fromEntries(tensors)) };
}

describe('on tensors', () => {
  const measure = async (text: string, layers: readonly number[], hidden: readonly string[] = [], causal = false) =>
    measureTensors(
      { kind: 'tensors', choice: await choiceOf(text, hidden), file: tensorFile(layers), causal },
      attention,
      rows,
      createSurveyor(),
      () => {},
    );

  test('a pattern takes its length, heads and layers from them', async () => {
    const { heads, tokens, queries } = await measure('pattern p = sliding(64)', [0, 3]);
    expect([tokens, queries]).toEqual([48, 40]);
    expect(heads.map(({ layer, head }) => [layer, head])).toEqual([
      [0, 0],
      [0, 1],
      [3, 0],
      [3, 1],
    ]);
    for (const { recall, against } of heads) {
      expect(recall).toBeCloseTo(1, 5);
      expect(against).toBe('causal');
    }
  });

  test('parts that are hidden, and later keys if that is wanted, are left out', async () => {
    const whole = await measure('pattern p = diagonal() | columns([0])', [0]);
    const part = await measure('pattern p = diagonal() | columns([0])', [0], ['columns([0])']);
    expect(whole.heads[0]!.pairs).toBe(80);
    expect(part.heads[0]!.pairs).toBe(40);
    const both = await measure('pattern p = full()', [0]);
    expect(both.heads[0]!.against).toBe('full');
    const past = await measure('pattern p = full()', [0], [], true);
    expect(past.heads[0]!.pairs).toBe((48 * 49 - 8 * 9) / 2);
  });

  test('a model has to have their heads, length and layers', async () => {
    const model = (fields: string) => `model M { ${fields} attention = causal() }`;
    const of = (fields: string, layers: readonly number[] = [0]) => measure(model(fields), layers);
    await expect(of('tokens = 48 queries = 40 layers = 1 heads = 4')).rejects.toThrow(
      'x.safetensors has heads = 2, but M has heads = 4',
    );
    await expect(of('tokens = 64 layers = 1 heads = 2')).rejects.toThrow(
      'x.safetensors has tokens = 48, but M has tokens = 64',
    );
    await expect(of('tokens = 48 layers = 1 heads = 2')).rejects.toThrow(
      'x.safetensors has kv_heads = 1, but M has kv_heads = 2',
    );
    await expect(of('tokens = 48 layers = 1 heads = 2 kv_heads = 1', [0, 3])).rejects.toThrow(
      'no layer 3 in M, which has 1',
    );
    const { heads } = await of('tokens = 48 layers = 4 heads = 2 kv_heads = 1', [0, 3]);
    expect(heads.length).toBe(4);
  });
});

describe('in a language model', () => {
  const files = modelFiles(smallConfiguration, 1);
  const measure = async (text: string) =>
    measureModel(
      {
        kind: 'model',
        choice: await choiceOf(text),
        files: {
          name: 'tiny',
          configuration: new TextDecoder().decode(files['config.json']),
          weights: new Uint8Array(files['model.safetensors']!),
          text: new Uint8Array(files['heldout.txt']!),
        },
        ...{ sequences: 16, byLayer: true, causal: false },
      },
      attention,
      rows,
      {},
      () => {},
    );

  test('as many sequences as there are, of its own length', async () => {
    const { sparse, difference, byLayer } = await measure('pattern p = sliding(64)');
    expect([sparse.sequences, sparse.tokens]).toEqual([1, 64]);
    expect(difference).toBeCloseTo(0, 6);
    expect(byLayer!.map(({ layer }) => layer)).toEqual([0, 1]);
  });

  test('longer models and queries that see what they are to predict are refused', async () => {
    await expect(measure('model M { tokens = 65 layers = 2 heads = 2 attention = causal() }')).rejects.toThrow(
      'M has 65 tokens, but tiny was trained on sequences of 64.',
    );
    await expect(measure('pattern p = window(4)')).rejects.toThrow('Query 0 attends to the later key 1');
  });
});

test('masks are the same wherever they are written', async () => {
  const a = await choiceOf('pattern a = sliding(4)');
  const b = await choiceOf('// further down\npattern a = sliding(4)');
  expect(masksText(a)).toBe(masksText({ ...b, layer: 3 }));
  expect(masksText(a)).not.toBe(masksText(await choiceOf('pattern a = sliding(5)')));
  expect(masksText(a)).not.toBe(masksText({ ...a, hidden: ['sliding(4)'] }));
});
