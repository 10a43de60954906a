import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { strip } from '../../../client/webview/field/draw-field.ts';
import { heardShares } from '../../../client/webview/field/field.ts';
import { everythingText, heardText, layersText } from '../../../client/webview/field/field-section.ts';
import { pixelOf } from '../../../client/webview/mask/camera.ts';

const fields = [
  { keys: 8, first: 693, last: 700 },
  { keys: 15, first: 686, last: 700 },
  { keys: 22, first: 679, last: 700 },
];
const field = { query: 700, after: new Int32Array(1000), fields, layers: null };

describe('what is said of a receptive field', () => {
  it('tells keys, from where to where, and when there is nothing more to come', () => {
    expect(heardText(field, 3)).toBe('22 of 1,000 keys (2.2 %), 679 to 700');
    expect(heardText(field, 4)).toBe('');
    expect(layersText(1)).toBe('1 layer');
    expect(everythingText(field)).toBe('after 3 layers');
    expect(everythingText({ ...field, layers: 12 })).toBe('after 3 layers');
    expect(everythingText({ ...field, layers: 3 })).toBe('not before the last of 3 layers');
  });
});

const arbitraryAfter = fc
  .array(fc.integer({ min: -1, max: 4 }), { minLength: 1, maxLength: 90 })
  .map(layers => Int32Array.from(layers));

describe('what is drawn of a receptive field', () => {
  it('are shares of the keys of each stretch', () => {
    expect(heardShares(Int32Array.of(0, 1, 2, -1, 1, 3, 3, 3), 2, 4)).toEqual([1, 0.5, 0.5, 0]);
    fc.assert(
      fc.property(arbitraryAfter, fc.integer({ min: 1, max: 90 }), (after, wanted) => {
        const bins = Math.min(wanted, after.length);
        const shares = heardShares(after, 2, bins);
        const keys = shares.reduce((sum, share, bin) => {
          const size = Math.floor(((bin + 1) * after.length) / bins) - Math.floor((bin * after.length) / bins);
          return sum + share * size;
        }, 0);
        expect(keys).toBeCloseTo(after.filter(layer => layer >= 0 && layer <= 2).length, 6);
      }),
    );
  });

  it('is a pixel for each key that was heard of, at any zoom', () => {
    fc.assert(
      fc.property(
        arbitraryAfter,
        fc.oneof(fc.constantFrom(1, 0.5, 1 / 3, 0.21, 2, 3.7, 11), fc.double({ min: 0.05, max: 20, noNaN: true })),
        fc.integer({ min: -5, max: 40 }),
        (after, scale, corner) => {
          const left = Math.max(0, -corner);
          const right = Math.max(left, Math.min(64, Math.ceil(after.length / scale) - corner));
          const found = strip({ after, layers: 2 }, scale, corner, left, right);
          const inked = (pixel: number): boolean => found.some(({ from, to }) => pixel >= from && pixel < to);
          for (const { from, to, share } of found) {
            expect(from).toBeGreaterThanOrEqual(left);
            expect(to).toBeLessThanOrEqual(right);
            expect(share).toBeGreaterThan(0);
            expect(share).toBeLessThanOrEqual(1);
          }
          // Where cells are larger than pixels, the middle of each tells what it is.
          if (scale >= 1) return;
          for (const [key, layer] of after.entries()) {
            const middle = Math.floor((pixelOf(key, corner, scale) + pixelOf(key + 1, corner, scale)) / 2);
            if (middle < left || middle >= right || pixelOf(key + 1, corner, scale) - pixelOf(key, corner, scale) < 2)
              continue;
            expect(inked(middle)).toBe(layer >= 0 && layer <= 2);
          }
        },
      ),
    );
  });
});
