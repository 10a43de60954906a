import { describe, expect, it } from 'vitest';
import { keptModel, keptState, savedPage } from '../../../client/webview/kept-state.ts';
import { initialState } from '../../../client/webview/state.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';

describe('keptState', () => {
  it('understands nothing but its own version', () => {
    for (const strange of [undefined, null, 7, 'x', {}, { version: 1, uri: 'a' }, { version: 2 }])
      expect(keptState(strange)).toBeUndefined();
  });

  it('fills in what an older page did not save', () => {
    expect(keptState({ version: 2, uri: 'file:///a.sparse', head: 3 })).toEqual({
      id: null,
      uri: 'file:///a.sparse',
      name: null,
      lock: null,
      model: null,
      defaultTokens: 1024,
      tokens: null,
      adjustments: {},
      layer: 0,
      head: 3,
      camera: null,
      cell: null,
      compared: null,
      hidden: [],
      overlayTile: null,
      folded: [],
      sections: {},
      views: [],
    });
  });

  it('brings back all that a page keeps, through JSON, and nothing else', () => {
    const kept = {
      id: 'one',
      uri: 'file:///a.sparse',
      name: 'a',
      lock: 'pattern' as const,
      model: null,
      defaultTokens: 2048,
      tokens: 77,
      adjustments: { size: 8, 'columns.tokens#0': '[1]' },
      layer: 1,
      head: 2,
      camera: { row: 1.5, column: -2, scale: 0.25 },
      cell: { row: 3, column: 4 },
      compared: { uri: 'file:///b.sparse', name: 'b', as: 'side by side' as const, model: null, problem: null },
      hidden: ['window(3)'],
      overlayTile: 64,
      folded: ['flow'],
      sections: { run: { allHeads: true } },
      views: [
        {
          ...{ uri: 'file:///b.sparse', name: 'b', tokens: 64, adjustments: {}, layer: 0, head: 1, compared: null },
          ...{ camera: { row: 0, column: 0, scale: 2 }, cell: null, hidden: ['full()'], model: null, adjustables: [] },
        },
      ],
    };
    const state = { ...initialState(kept), tokensProblem: 'no', runsAsked: 3 };
    expect(keptState(JSON.parse(JSON.stringify(savedPage(state))))).toEqual(kept);
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
