import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  adjusted,
  boundsOf,
  stillAdjusted,
  typedList,
  typedNumber,
  writtenValue,
} from '../../../client/webview/parameters/adjust.ts';
import { received } from '../../../client/webview/receive.ts';
import { initialState } from '../../../client/webview/state.ts';
import type { NumberExpression } from '../../../runtime/pattern/ir.ts';
import type { Adjustable } from '../../../server/protocol.ts';

const number = (value: number): NumberExpression => ({ op: 'number', value });

const SIZE: Adjustable = {
  id: 'size',
  name: 'size',
  of: null,
  kind: 'number',
  value: number(512),
  integer: true,
  min: 1,
  unit: 'keys',
  documentation: null,
};
const COMPUTED: Adjustable = {
  ...SIZE,
  id: 'stride',
  value: { op: 'call', name: 'sqrt', args: [{ op: 'shape', name: 'n', grid: 0 }] },
};
const LIST: Adjustable = { ...SIZE, id: 'tokens', kind: 'list', value: '[0]', min: null };

describe('bounds of a slider', () => {
  it('begin at the least that the primitive takes and end at some times what is written', () => {
    expect(boundsOf(SIZE, 512, 4096)).toEqual({ min: 1, max: 2048, step: 1 });
    expect(boundsOf({ ...SIZE, min: 0 }, 1, 4096)).toEqual({ min: 0, max: 16, step: 1 });
  });

  it('end with the sequence where they count along it, but not below what is written', () => {
    expect(boundsOf(SIZE, 512, 1000).max).toBe(1000);
    expect(boundsOf(SIZE, 512, 100).max).toBe(512);
    expect(boundsOf({ ...SIZE, unit: null }, 512, 100).max).toBe(2048);
  });

  it('take fractions for shares and other numbers that are none to be counted', () => {
    expect(boundsOf({ ...SIZE, integer: false, min: null }, 0.5, 64)).toEqual({ min: 0, max: 1, step: 0.01 });
    expect(boundsOf({ ...SIZE, integer: false, min: null, unit: null }, 3.5, 64)).toEqual({
      min: 0,
      max: 16,
      step: 0.1,
    });
  });

  it('hold what is written, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: -5e6, max: 5e6 }), fc.double({ min: -1e6, max: 1e6, noNaN: true })),
        fc.integer({ min: 1, max: 2 ** 22 }),
        fc.constantFrom(null, 0, 1),
        fc.constantFrom(null, 'keys', 'blocks'),
        (written, tokens, min, unit) => {
          const bounds = boundsOf({ ...SIZE, min, unit, integer: Number.isInteger(written) }, written, tokens);
          expect(bounds.min).toBeLessThanOrEqual(written);
          expect(bounds.max).toBeGreaterThanOrEqual(written);
          expect(bounds.step).toBeGreaterThan(0);
          expect(Number.isFinite(bounds.max - bounds.min)).toBe(true);
        },
      ),
    );
  });
});

describe('values', () => {
  it('of numbers that are computed follow the length', () => {
    expect(writtenValue(SIZE, 64)).toBe(512);
    expect(writtenValue(COMPUTED, 64)).toBe(8);
    expect(writtenValue(COMPUTED, 4096)).toBe(64);
    expect(writtenValue(LIST, 64)).toBe('[0]');
  });

  it('that are what the source says are no adjustments', () => {
    expect(adjusted({}, SIZE, 8)).toEqual({ size: 8 });
    expect(adjusted({ size: 8, tokens: '[1]' }, SIZE, 512)).toEqual({ tokens: '[1]' });
    // A number that happens to be what is computed stays when it is computed again.
    expect(adjusted({}, COMPUTED, 8)).toEqual({ stride: 8 });
  });

  it('go with their place in the source, and when the source says the same', () => {
    const all = { size: 8, tokens: '[1]', gone: 3 };
    expect(stillAdjusted(all, [SIZE, LIST])).toEqual({ size: 8, tokens: '[1]' });
    expect(stillAdjusted(all, [{ ...SIZE, value: number(8) }, LIST])).toEqual({ tokens: '[1]' });
    const same = { size: 8 };
    expect(stillAdjusted(same, [SIZE])).toBe(same);
  });

  it('that are typed are numbers of their kind, as the language writes them', () => {
    for (const [text, value] of [
      ['512', 512],
      [' 4Ki ', 4096],
      ['1_000', 1000],
      ['1e3', 1000],
    ] as const)
      expect(typedNumber(text, SIZE)).toEqual({ value });
    expect(typedNumber('-3', { integer: true, min: null })).toEqual({ value: -3 });
    expect(typedNumber('0.25', { integer: false, min: null })).toEqual({ value: 0.25 });
    for (const text of ['', 'x', '1.5', '0', '-1', '1e999', '4Gi', '--1'])
      expect(typedNumber(text, SIZE)).toHaveProperty('problem');
  });

  it('that are typed are lists, with brackets or without', () => {
    for (const text of ['[0]', '[]', '[0, 4..8, -1]', '[-16..n]', '[0,1,]'])
      expect(typedList(text)).toEqual({ value: text });
    expect(typedList('0, 5')).toEqual({ value: '[0, 5]' });
    for (const text of ['[a]', '0 1', '[0', '[1..2..3]', '[0.5]']) expect(typedList(text)).toHaveProperty('problem');
  });
});

describe('a model that arrives', () => {
  const model = {
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
    rules: [],
  } as const;

  it('keeps what is tried out while it is another value than the source, and lets go of it with the declaration', () => {
    const shown = { uri: 'file:///p.sparse', name: 'p', model };
    const state = { ...initialState(undefined), ...shown, adjustments: { size: 8 }, adjustables: [SIZE] };
    const message = { type: 'model', version: 2, name: 'p', model: { ...model, batch: 2 } } as const;
    expect(received({ ...message, adjustables: [SIZE] }, state)).toMatchObject({ adjustments: { size: 8 } });
    const applied = [{ ...SIZE, value: number(8) }];
    expect(received({ ...message, model, adjustables: applied }, state)).toMatchObject({
      adjustments: {},
      adjustables: applied,
    });
    const other = { ...model, name: 'q' };
    const asked = { ...state, ...received({ type: 'show', uri: shown.uri, name: 'q' }, state) };
    expect(received({ ...message, name: 'q', model: other, adjustables: [SIZE] }, asked)).toMatchObject({
      adjustments: {},
    });
  });
});
