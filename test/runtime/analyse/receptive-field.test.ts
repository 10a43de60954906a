import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelFlow } from '../../../runtime/analyse/flow.ts';
import { receptiveField } from '../../../runtime/analyse/receptive-field.ts';
import { UNREACHED } from '../../../runtime/analyse/steps.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';
import { call, list, model, or, past, window } from './flow-patterns.ts';

/** By its definition: the keys of every position, grown a layer at a time from the bottom. */
function byDefinition(
  n: number,
  sees: (layer: number, i: number, j: number) => boolean,
  layers: number,
  query: number,
) {
  let known = Array.from({ length: n }, (_, i) => new Set([i]));
  const after = new Array<number>(n).fill(UNREACHED);
  after[query] = 0;
  for (let layer = 0; layer < layers; layer++) {
    const before = known;
    known = before.map((own, i) => {
      const all = new Set(own);
      for (let p = 0; p < n; p++) if (sees(layer, i, p)) for (const key of before[p]!) all.add(key);
      return all;
    });
    for (const key of known[query]!) if (after[key] === UNREACHED) after[key] = layer + 1;
  }
  return after;
}

describe('a receptive field', () => {
  it('is what growing sets of keys make it, each layer with its own pattern', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryPattern, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 70 }),
        fc.nat(),
        (patterns, order, n, where) => {
          const shape = squareShape(n);
          const query = where % n;
          const layers = order.map(layer => layer % patterns.length);
          // Of the layers' patterns, none may read which layer it stands in.
          const found = receptiveField(
            model(
              n,
              layers.map(layer => patterns[layer]!),
            ),
            query,
          );
          const allowed = patterns.map(pattern =>
            Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => allows(pattern, shape, i, j))),
          );
          const expected = byDefinition(n, (layer, i, j) => allowed[layers[layer]!]![i]![j]!, layers.length, query);
          expect([...found.after]).toEqual(expected);
          const last = Math.max(...expected, 1);
          expect(found.fields.length).toBe(last);
          for (const [index, field] of found.fields.entries()) {
            const keys = expected.flatMap((layer, key) => (layer !== UNREACHED && layer <= index + 1 ? [key] : []));
            expect(field).toEqual({ keys: keys.length, first: Math.min(...keys), last: Math.max(...keys) });
          }
        },
      ),
      { numRuns: 80 },
    );
  });

  it('of a bare pattern is followed as far as it goes', () => {
    const sliding = model(1000, [call('sliding', { size: 8 })], { kind: 'pattern' });
    const { after, fields, layers } = receptiveField(sliding, 700);
    expect(layers).toBeNull();
    expect(fields.length).toBe(100);
    expect(fields[2]).toEqual({ keys: 22, first: 679, last: 700 });
    expect([after[700], after[693], after[692], after[0], after[701]]).toEqual([0, 1, 2, 100, UNREACHED]);
  });

  it('of a model ends with its layers, and of one that is alone is itself', () => {
    const three = Array.from({ length: 3 }, () => call('sliding', { size: 8 }));
    const { after, fields, layers } = receptiveField(model(1000, three), 700);
    expect(layers).toBe(3);
    expect(fields.length).toBe(3);
    expect([after[679], after[678]]).toEqual([3, UNREACHED]);
    const alone = receptiveField(model(5, [call('diagonal')], { kind: 'pattern' }), 4);
    expect(alone.fields).toEqual([{ keys: 1, first: 4, last: 4 }]);
  });

  it('of alternating layers agrees with the flow of the model at 64Ki', { timeout: 30_000 }, () => {
    const n = 2 ** 16;
    const local = call('sliding', { size: 512 });
    const global = or(past(list('global', [0])), past(call('strided', { stride: 4096 })));
    const layers = Array.from({ length: 12 }, (_, layer) => (layer % 4 === 3 ? global : local));
    const token = 50_001;
    const { fields } = receptiveField(model(n, layers), token);
    const flow = modelFlow(model(n, layers), n, { token });
    expect(fields).toEqual(flow.fields.slice(0, fields.length));
    expect(flow.fields.slice(fields.length).every(({ keys }) => keys === fields.at(-1)!.keys)).toBe(true);
  });

  it('at hundreds of thousands of tokens takes a moment', { timeout: 30_000 }, () => {
    const { fields } = receptiveField(model(2 ** 18, [window(2048)], { kind: 'pattern' }), 5);
    expect(fields.length).toBe(128);
    expect(fields.at(-1)?.keys).toBe(2 ** 18);
  });

  it('refuses a position outside', () => {
    expect(() => receptiveField(model(8, [window(1)]), 8)).toThrow(/there is no position 8/);
  });
});
