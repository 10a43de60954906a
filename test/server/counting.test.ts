import { describe, expect, test, vi } from 'vitest';
import { squareShape } from '../../runtime/pattern/shape.ts';
import { Counter, grouped, pairsText, percent } from '../../server/counting.ts';
import { Idle } from '../../server/slow-answers.ts';
import { pattern } from './open-file.ts';

describe('counting', () => {
  test('is exact, and the same pattern is counted once', async () => {
    const counter = new Counter();
    const causal = await pattern('pattern p = causal()');
    const first = counter.count(causal, squareShape(100), 1000);
    expect(first).toEqual({
      pairs: 5050,
      error: 0,
      all: 10_000,
      density: 0.505,
      selects: false,
      complexity: 'O(n^2)',
      tokens: 100,
    });
    // Places in the file do not matter; no time is left, so the answer can only be remembered.
    const moved = await pattern('\n\n   pattern p = causal()');
    expect(counter.count(moved, squareShape(100), 0)).toBe(first);
    expect(counter.count(moved, squareShape(101), 0)?.pairs).toBeNull();
  });

  test('gives up in time, and still knows the complexity', async () => {
    const heavy = await pattern('pattern p = where (i, j) => (i * j) % 7919 == 3');
    const start = performance.now();
    const count = new Counter().count(heavy, squareShape(2 ** 20), 20);
    // Hours, if it went on.
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(count).toMatchObject({ pairs: null, density: null, complexity: 'O(n^2)' });
  });

  test('estimates a condition that repeats nowhere, and says how well', async () => {
    const heavy = await pattern('pattern p = where (i, j) => (i * j) % 7919 == 3');
    const counter = new Counter(new Idle());
    const shape = squareShape(2 ** 20);
    expect(counter.count(heavy, shape, 20)).toMatchObject({ pairs: null, error: 0 });
    const found = await vi.waitFor(
      () => {
        const later = counter.count(heavy, shape, 20);
        if (later?.pairs == null) throw new Error('not yet');
        return later;
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(found.error).toBeGreaterThan(0);
    expect(Math.abs(Number(found.pairs) - 2 ** 40 / 7919)).toBeLessThan(found.error);
    expect(pairsText(found)).toMatch(/^≈ [\d,]+ ± [\d,]+ pairs$/);
  });

  test('a grid is counted at its own length', async () => {
    const count = new Counter().count(await pattern('pattern p = axial([8, 4])'), squareShape(4096), 1000);
    expect(count).toMatchObject({ tokens: 32, pairs: 32 * 11, selects: false });
  });

  test('what selects by content has an upper bound', async () => {
    const count = new Counter().count(
      await pattern('pattern p = topk(8, within: causal()) | diagonal()'),
      squareShape(64),
      1000,
    );
    // The first queries have fewer than 8 candidates, which the bound need not see.
    expect(count).toMatchObject({ selects: true, pairs: 64 * 8 + 64 });
  });

  test('what has no meaning has no count', async () => {
    const wrong = await pattern('pattern p = window(n - 65)');
    expect(new Counter().count(wrong, squareShape(64), 1000)).toBeUndefined();
  });

  test('numbers for people', () => {
    expect(grouped(16777216)).toBe('16,777,216');
    expect(percent(1)).toBe('100%');
    expect(percent(0)).toBe('0%');
    expect(percent(0.12345)).toBe('12.3%');
    expect(percent(0.000012345)).toBe('0.00123%');
  });
});
