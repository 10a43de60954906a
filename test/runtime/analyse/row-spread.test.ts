import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowSpread, rowStretches } from '../../../runtime/analyse/row-spread.ts';

describe('rows sorted by their number of keys', () => {
  it('gives every number of keys a bin of its own where there are few', () => {
    expect(rowSpread(Float64Array.of(3, 1, 3, 4), 8)).toEqual({ min: 1, max: 4, width: 1, bins: [1, 0, 2, 1] });
    expect(rowSpread(Float64Array.of(7, 7), 8)).toEqual({ min: 7, max: 7, width: 1, bins: [2] });
    expect(rowSpread(new Float64Array(0), 8)).toEqual({ min: 0, max: 0, width: 1, bins: [] });
  });

  it('puts each row into the bin whose bounds hold it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5000), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 40 }),
        (rows, most) => {
          const { min, max, width, bins } = rowSpread(Float64Array.from(rows), most);
          expect(min).toBe(Math.min(...rows));
          expect(max).toBe(Math.max(...rows));
          expect(bins.length).toBeLessThanOrEqual(most);
          expect(bins).toEqual(
            bins.map((_, b) => rows.filter(row => row >= min + b * width && row < min + (b + 1) * width).length),
          );
          expect(bins.reduce((sum, bin) => sum + bin, 0)).toBe(rows.length);
        },
      ),
    );
  });
});

describe('rows along the sequence', () => {
  it('are cut into stretches that together hold every row once', () => {
    expect(rowStretches(Float64Array.of(1, 3, 5, 5, 9), 3)).toEqual([
      { first: 0, min: 1, mean: 2, max: 3 },
      { first: 2, min: 5, mean: 5, max: 5 },
      { first: 4, min: 9, mean: 9, max: 9 },
    ]);
    expect(rowStretches(new Float64Array(0), 3)).toEqual([]);
  });
});
