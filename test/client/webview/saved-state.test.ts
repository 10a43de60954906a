import { describe, expect, it } from 'vitest';
import { keptModel, savedState } from '../../../client/webview/saved-state.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';

describe('savedState', () => {
  it('understands nothing but its own version', () => {
    for (const strange of [undefined, null, 7, 'x', {}, { version: 2, uri: 'a' }, { version: 1 }])
      expect(savedState(strange)).toBeUndefined();
  });

  it('fills in what an older page did not save', () => {
    expect(savedState({ version: 1, uri: 'file:///a.sparse' })).toEqual({
      version: 1,
      uri: 'file:///a.sparse',
      name: null,
      tokens: null,
      layer: 0,
      head: 0,
      camera: null,
      model: null,
      runs: [],
      allHeads: false,
      runOn: 'gpu',
    });
  });
});

describe('keptModel', () => {
  const model = (bits: string): Model => ({
    name: 'p',
    kind: 'pattern',
    tokens: null,
    queries: null,
    align: 'end',
    layers: 1,
    heads: 1,
    kvHeads: 1,
    headDim: null,
    dtype: 'f16',
    batch: 1,
    causal: false,
    rules: [
      {
        layers: [0],
        heads: [0],
        pattern: {
          kind: 'primitive',
          name: 'mask',
          args: { path: { type: 'mask', value: { name: 'm.npy', heads: null, tokens: 8, hash: '0', bits } } },
        },
      },
    ],
  });

  it('is the model, unless it carries a large mask', () => {
    const small = model('AA==');
    expect(keptModel(small)).toBe(small);
    expect(keptModel(small)).toBe(small);
    expect(keptModel(model('A'.repeat(2 ** 19)))).toBeNull();
    expect(keptModel(null)).toBeNull();
  });
});
