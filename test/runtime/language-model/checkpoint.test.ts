import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../../runtime/language-model/configuration.ts';
import { Losses, sequencesOf } from '../../../runtime/language-model/evaluate.ts';
import { causalAttention, inPlaceOf } from '../../../runtime/language-model/replace-attention.ts';
import { readWeights } from '../../../runtime/language-model/weights.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { readSafetensors, writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { checkpointOf, madeUpWeights, modelFiles, smallConfiguration } from './slow-model.ts';

const files = modelFiles(smallConfiguration, 3);
const written = JSON.parse(new TextDecoder().decode(files['config.json'])) as Record<string, unknown>;
const weights = madeUpWeights(smallConfiguration, 1);

function configured(changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...written, ...changes });
}

describe('config.json', () => {
  test('says the sizes', () => {
    expect(readConfiguration(configured({ steps: 3001 }))).toEqual(smallConfiguration);
  });

  test.each([
    ['{', /it is not JSON/],
    ['[]', /not a JSON object/],
    ['{"model_type":"gpt2","n_layer":12}', /no layers, dim, .* but describes "gpt2"/],
    [configured({ head_dim: 7 }), /head_dim is 7; .* has to be even/],
    [configured({ vocab: 255 }), /vocab is 255; .* at least 256/],
    [configured({ dim: 0 }), /dim is 0, but should be a whole number/],
    [configured({ rms_eps: '1e-5' }), /rms_eps is "1e-5", but should be above 0/],
    [configured({ kv_heads: 1 }), /kv_heads is 1 and heads is 2/],
  ])('%s is refused', (text, message) => {
    expect(() => readConfiguration(text)).toThrow(message);
  });
});

describe('weights', () => {
  const tensors = () => Object.fromEntries(readSafetensors(checkpointOf(smallConfiguration, weights)).tensors);
  const read = (changed: ReturnType<typeof tensors>) => readWeights(smallConfiguration, writeSafetensors(changed));

  test('of float16 are widened', () => {
    const { norm } = readWeights(smallConfiguration, checkpointOf(smallConfiguration, weights, 'f16'));
    for (const [d, value] of weights.get('norm.weight')![0]!.entries())
      expect(Math.abs(norm[d]! - value)).toBeLessThanOrEqual(2 ** -11 * Math.abs(value));
  });

  test('that differ are refused, and it is said how', () => {
    const { 'norm.weight': norm, 'blocks.1.up.weight': up, ...rest } = tensors();
    expect(() => read({ ...rest, 'norm.weight': norm! })).toThrow(/it lacks blocks.1.up.weight/);
    expect(() => read(rest)).toThrow(/it lacks norm.weight, blocks.1.up.weight/);
    const bias = fromFloat32(new Float32Array(48), [48]);
    expect(() => read({ ...tensors(), 'blocks.0.qkv.bias': bias })).toThrow(
      /it has blocks.0.qkv.bias, which this architecture does not have/,
    );
    expect(() => read({ ...tensors(), 'blocks.1.up.weight': { ...up!, shape: [24, 40] } })).toThrow(
      /blocks.1.up.weight is \[24, 40\], but should be \[40, 24\] by config.json/,
    );
    const holes = fromFloat32(new Float32Array(24).fill(Number.NaN, 3), [24]);
    expect(() => read({ ...tensors(), 'norm.weight': holes })).toThrow(/norm.weight holds NaN \(element 3\)/);
    const whole = { dtype: 'i32', shape: [24], data: new Uint8Array(96) } as const;
    expect(() => read({ ...tensors(), 'norm.weight': whole })).toThrow(/norm.weight is I32; weights are/);
  });
});

describe('masks in place of attention', () => {
  const bare: Model = { ...causalAttention({ ...smallConfiguration, layers: 1, heads: 1 }), name: 'mine' };

  test('a pattern holds in every layer and head', () => {
    const { layers, heads, rules } = inPlaceOf(bare, smallConfiguration, 64);
    expect([layers, heads]).toEqual([2, 2]);
    expect(rules.map(rule => [rule.layers, rule.heads])).toEqual([
      [
        [0, 1],
        [0, 1],
      ],
    ]);
  });

  test('a model has to have as many layers and heads, and a query for each position', () => {
    const model: Model = { ...causalAttention(smallConfiguration), kind: 'model', name: 'Mine' };
    expect(inPlaceOf(model, smallConfiguration, 64)).toBe(model);
    expect(() => inPlaceOf({ ...model, heads: 4 }, smallConfiguration, 64)).toThrow(
      'Mine has 4 heads, but the language model 2.',
    );
    expect(() => inPlaceOf({ ...model, layers: 3 }, smallConfiguration, 64)).toThrow('Mine has 3 layers');
    expect(() => inPlaceOf({ ...model, queries: 1 }, smallConfiguration, 64)).toThrow('Mine has 1 queries');
    expect(inPlaceOf({ ...model, queries: 64 }, smallConfiguration, 64).queries).toBe(64);
  });

  test('a pattern with masks of its own for each head has to have as many', () => {
    const own: Model = { ...bare, heads: 3, rules: bare.rules.map(rule => ({ ...rule, heads: [0, 1, 2] })) };
    expect(() => inPlaceOf(own, smallConfiguration, 64)).toThrow('mine has 3 heads, but the language model 2.');
  });
});

describe('texts and losses', () => {
  test('sequences lie one behind the other, and are read as far as they are wanted', () => {
    const text = Uint8Array.from({ length: 195 }, (_, i) => i);
    expect(sequencesOf(text, 64, 65, 3).map(each => [each[0], each.length])).toEqual([
      [0, 65],
      [65, 65],
      [130, 65],
    ]);
    expect(sequencesOf(text, 10, 65, 2).map(each => [each[0], each.length])).toEqual([
      [0, 11],
      [65, 11],
    ]);
    expect(() => sequencesOf(text, 64, 65, 4)).toThrow('The text has 3 sequences of 64 bytes, but 4 are asked for.');
    expect(() => sequencesOf(text.subarray(0, 64), 64, 65, 1)).toThrow(
      'The text has 64 bytes; a sequence of 64 takes 65.',
    );
  });

  test.each([1, 63, 64, 95, 96, 100, 1025, 4096])('stretches of %i positions are all of them', tokens => {
    const model = readWeights(smallConfiguration, checkpointOf(smallConfiguration, weights));
    const losses = new Losses(model, tokens);
    const times = { pairs: 1, attentionMs: 1, selectMs: 0, denseMs: 1 };
    const used = { backend: 'cpu', attentionDevice: '', notes: [] } as const;
    losses.add({ bits: Float32Array.from({ length: tokens }, (_, i) => i), ...times, ...used });
    losses.add({ bits: Float32Array.from({ length: tokens }, (_, i) => i + 1), ...times, ...used });
    const { bitsPerByte, stretches, later } = losses.evaluation();
    expect(bitsPerByte).toBeCloseTo(tokens / 2, 9);
    expect(stretches[0]!.from).toBe(0);
    expect(stretches.at(-1)!.to).toBe(tokens);
    for (const [at, { from, to, bitsPerByte: mean }] of stretches.entries()) {
      if (at > 0) expect(from).toBe(stretches[at - 1]!.to);
      expect(mean).toBeCloseTo((from + to) / 2, 9);
    }
    expect(later.map(({ from }) => from)).toEqual([1024, 3072].filter(from => from < tokens));
  });
});
