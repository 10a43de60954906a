import { describe, expect, it } from 'vitest';
import { findLayers, guessLayout, type Role } from '../../../runtime/tensor/attention-tensors.ts';
import { TensorFileError } from '../../../runtime/tensor/dtype.ts';

const facts = (...names: string[]) => new Map(names.map(name => [name, { dtype: 'f32', shape: [1, 1, 1] } as const]));

describe('finding q, k and v', () => {
  it.each<[readonly string[], readonly (readonly [number | null, string, string, string])[]]>([
    [['q', 'k', 'v'], [[null, 'q', 'k', 'v']]],
    [['V', 'K', 'Q', 'more'], [[null, 'Q', 'K', 'V']]],
    [['query_states', 'key_states', 'value_states'], [[null, 'query_states', 'key_states', 'value_states']]],
    [['queries', 'keys', 'values'], [[null, 'queries', 'keys', 'values']]],
    [
      ['layer10.q', 'layer10.k', 'layer10.v', 'layer2.q', 'layer2.k', 'layer2.v'],
      [
        [2, 'layer2.q', 'layer2.k', 'layer2.v'],
        [10, 'layer10.q', 'layer10.k', 'layer10.v'],
      ],
    ],
    [
      [0, 1].flatMap(layer => ['q', 'k', 'v'].map(role => `model.layers.${layer}.self_attn.${role}_proj.output.0`)),
      [0, 1].map(layer => {
        const [q, k, v] = ['q', 'k', 'v'].map(role => `model.layers.${layer}.self_attn.${role}_proj.output.0`);
        return [layer, q!, k!, v!] as const;
      }),
    ],
    [
      ['h.3.query', 'h.3.key', 'h.3.value', 'h.3.query.weight', 'h.3.key.weight', 'h.3.value.weight'],
      [[3, 'h.3.query', 'h.3.key', 'h.3.value']],
    ],
    [['q_5', 'k_5', 'v_5'], [[5, 'q_5', 'k_5', 'v_5']]],
  ])('of %j', (names, wanted) => {
    expect(findLayers(facts(...names)).map(({ layer, q, k, v }) => [layer, q, k, v])).toEqual(wanted);
  });

  it.each<[string, readonly string[], Partial<Record<Role, string>>, RegExp]>([
    ['nothing', [], {}, /It has none/],
    ['no values', ['q', 'k', 'w'], {}, /no q, k and v that are named alike; .*It has q, k, w/],
    ['two that may be meant', ['a.q', 'a.k', 'a.v', 'b.q', 'b.k', 'b.v'], {}, /Several tensors may be q: a\.q, b\.q/],
    ['a name that is not there', ['q', 'k', 'v'], { q: 'x' }, /no tensor x; it has q, k, v/],
    [
      'layers without values',
      ['q0', 'q1', 'k0', 'k1', 'v0'],
      { q: 'q{layer}', k: 'k{layer}', v: 'v{layer}' },
      /no tensor v1/,
    ],
    [
      'a layer without values among others',
      ['h.0.q', 'h.0.k', 'h.0.v', 'h.1.q', 'h.1.k'],
      {},
      /It has h\.1\.q and h\.1\.k but no v of that layer/,
    ],
    [
      'a layer of queries alone',
      ['h.0.q', 'h.1.q', 'h.1.k', 'h.1.v'],
      {},
      /has h\.0\.q but no k and no v of that layer/,
    ],
    ['two numbers', ['q0'], { q: '{layer}q{layer}' }, /more than once/],
    ['many', Array.from({ length: 30 }, (_, i) => `t${i}`), {}, /t11 and 18 more/],
  ])('says what is wrong with %s', (_what, names, given, message) => {
    expect(() => findLayers(facts(...names), given)).toThrow(TensorFileError);
    expect(() => findLayers(facts(...names), given)).toThrow(message);
  });

  it('uses names as they are given, by layer or for all layers', () => {
    const tensors = facts('a7x', 'a8x', 'b7', 'b8', 'c');
    expect(findLayers(tensors, { q: 'a{layer}x', k: 'b{layer}', v: 'c' })).toEqual([
      { layer: 7, q: 'a7x', k: 'b7', v: 'c' },
      { layer: 8, q: 'a8x', k: 'b8', v: 'c' },
    ]);
  });
});

describe('guessing a layout', () => {
  it.each([
    [[12, 1024, 64], 'hnd'],
    [[32, 16, 64], 'hnd'],
    [[1024, 12, 64], 'nhd'],
    [[2, 12, 1024, 64], 'bhnd'],
    [[2, 1024, 12, 64], 'bnhd'],
  ])('%j is %s', (shape, layout) => {
    expect(guessLayout('k', shape)).toBe(layout);
  });

  it('refuses other numbers of axes', () => {
    expect(() => guessLayout('k', [12, 64])).toThrow(/k is \[12, 64\], but should have three axes/);
  });
});
