import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Oracle } from '../../../../runtime/analyse/suggest/oracle.ts';

describe('the oracle', () => {
  it('keeps the most probable pairs of all rows', () => {
    const row = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (weights, density) => {
          const keys = 40;
          const oracle = new Oracle();
          const all: number[] = [];
          for (const values of weights) {
            const sum = values.reduce((total, value) => total + value, 0) || 1;
            const p = Float32Array.from(values, value => value / sum);
            oracle.add(p, keys);
            all.push(...p);
          }
          const pairs = density * keys * weights.length;
          const sorted = all.sort((a, b) => b - a);
          const whole = Math.floor(pairs);
          const kept =
            sorted.slice(0, whole).reduce((sum, value) => sum + value, 0) + (pairs - whole) * (sorted[whole] ?? 0);
          const found = oracle.recall(density) * weights.length;
          expect(found).toBeGreaterThanOrEqual(Math.min(weights.length, kept) - 1e-6);
          expect(found).toBeLessThanOrEqual(kept * (1 + 2 ** -11) + 1e-6);
        },
      ),
    );
  });

  it('keeps nothing of nothing', () => {
    const oracle = new Oracle();
    expect(oracle.recall(1)).toBe(0);
    oracle.add(Float32Array.of(1, 0), 2);
    expect(oracle.recall(0)).toBe(0);
    expect(oracle.recall(0.5)).toBe(1);
  });
});
