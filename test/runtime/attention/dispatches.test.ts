import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Budget, cautious, firstBudget, learn, TARGET_MS } from '../../../runtime/attention/gpu/budget.ts';
import { copiesOf, type Dispatch, dispatchesOf, mergesOf } from '../../../runtime/attention/gpu/dispatches.ts';

/** Tiles of items, the largest numbers first, as a schedule has them. */
const schedules = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 3000 })), { minLength: 1, maxLength: 60 })
  .map(tiles => Uint32Array.from(tiles).sort().reverse());

describe('a schedule in dispatches', () => {
  test('does each tile of each item once and in turn, within the budget, however that changes', () => {
    const budgets = fc.array(
      fc.record({ keys: fc.integer({ min: 1, max: 5000 }), depth: fc.integer({ min: 1, max: 5000 }) }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(schedules, budgets, fc.constantFrom(16, 64), (tiles, changes, tileKeys) => {
        const budget: Budget = { ...changes[0]! };
        const done = new Array<number>(tiles.length).fill(0);
        let count = 0;
        for (const dispatch of dispatchesOf(tiles, tileKeys, budget)) {
          const { first, end, from, most } = dispatch;
          let sum = 0;
          let longest = 0;
          for (let item = first; item < end; item++) {
            expect(done[item]).toBe(from);
            const now = Math.min(tiles[item]! - from, most);
            expect(now).toBeGreaterThan(0);
            done[item] = from + now;
            sum += now;
            longest = Math.max(longest, now);
          }
          expect(dispatch).toMatchObject({ tiles: sum, keys: sum * tileKeys, depth: longest * tileKeys });
          expect(dispatch.items).toBe(end - first);
          // One tile is the least that can be done.
          expect(sum).toBeLessThanOrEqual(Math.max(1, budget.keys / tileKeys));
          expect(longest).toBeLessThanOrEqual(Math.max(1, budget.depth / tileKeys));
          Object.assign(budget, changes[++count % changes.length]);
        }
        expect(done).toEqual([...tiles]);
      }),
      { numRuns: 300 },
    );
  });

  test('is one dispatch where the budget has room', () => {
    const tiles = Uint32Array.of(9, 9, 2, 1);
    const all = [...dispatchesOf(tiles, 64, { keys: 21 * 64, depth: 9 * 64 })];
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ first: 0, end: 4, from: 0, tiles: 21, items: 4, full: false });
    expect([...dispatchesOf(new Uint32Array(0), 64, firstBudget())]).toEqual([]);
  });
});

/** A device that is not there: processors, milliseconds of one for a key, and of any dispatch. */
interface Model {
  readonly processors: number;
  readonly perKey: number;
  readonly always: number;
}

/** Milliseconds of a dispatch: whichever processor is free takes the next item. */
function timeOf(
  { first, end, from, most }: Dispatch,
  tiles: Uint32Array,
  { processors, perKey, always }: Model,
): number {
  const busy = new Float64Array(processors);
  for (let item = first; item < end; item++) {
    let free = 0;
    for (let each = 1; each < processors; each++) if (busy[each]! < busy[free]!) free = each;
    busy[free] = busy[free]! + Math.min(tiles[item]! - from, most) * 64 * perKey;
  }
  return always + Math.max(...busy);
}

const models = fc.record({
  processors: fc.constantFrom(1, 2, 7, 32, 132),
  // For 64 rows of 64 numbers, 16,384 operations a key: 12 TFLOP/s on 132 processors to 180 MFLOP/s on one.
  perKey: fc.double({ min: Math.log(1.8e-4), max: Math.log(0.09), noNaN: true }).map(Math.exp),
  always: fc.constantFrom(0.02, 0.3, 3),
});

/**
 * Runs schedules one after the other on a device; milliseconds of each dispatch, and what all would take at once.
 *
 * @param slowMs how long each run computes at a sixth of the speed, because the device was idle
 */
function runOn(model: Model, all: readonly Uint32Array[], known = firstBudget(), slowMs = 0) {
  const times: number[] = [];
  let work = 0;
  for (const tiles of all) {
    const now = cautious(known);
    let slow = slowMs;
    for (const dispatch of dispatchesOf(tiles, 64, now)) {
      const slowly = timeOf(dispatch, tiles, { ...model, perKey: model.perKey * 6 });
      const ms = slow >= slowly ? slowly : timeOf(dispatch, tiles, model) + (slow * 5) / 6;
      slow = Math.max(0, slow - ms);
      for (const budget of [now, known]) learn(budget, dispatch, ms);
      times.push(ms);
    }
    const sum = tiles.reduce((a, b) => a + b, 0);
    work += Math.max(sum / model.processors, tiles[0]!) * 64 * model.perKey;
  }
  return { times, work, budget: known };
}

describe('what is learnt of a device', () => {
  test('no dispatch takes more than 100 ms, however slow the device and however long an item', () => {
    fc.assert(
      fc.property(models, fc.array(schedules, { minLength: 1, maxLength: 4 }), (model, all) => {
        const { times } = runOn(model, all);
        expect(Math.max(...times)).toBeLessThanOrEqual(TARGET_MS);
      }),
      { numRuns: 300 },
    );
  });

  test('nor does it where the device was idle and computes slowly at first', () => {
    const fast = models.filter(({ perKey }) => perKey < 0.015);
    fc.assert(
      fc.property(fast, schedules, fc.constantFrom(20, 100, 1000), (model, tiles, slowMs) => {
        const { budget } = runOn(model, [tiles, tiles]);
        const { times } = runOn(model, [tiles, tiles, tiles], budget, slowMs);
        expect(Math.max(...times)).toBeLessThanOrEqual(TARGET_MS);
      }),
      { numRuns: 300 },
    );
  });

  test('once it is known, what is cut takes little longer than what is not', () => {
    // Rows of 256Ki keys in items of 64Ki, as of full attention: 8 heads of 64 rows, each in 4 segments.
    const tiles = new Uint32Array(64 * 4).fill(1024);
    for (const processors of [1, 16, 132]) {
      for (const perKey of [1e-4, 1e-3, 1e-2]) {
        const model = { processors, perKey, always: 0.2 };
        const { times, work } = runOn(model, [tiles], runOn(model, [tiles]).budget);
        const sum = times.reduce((a, b) => a + b, 0);
        expect(Math.max(...times)).toBeLessThanOrEqual(TARGET_MS);
        // Waiting for the last item of each, 0.2 ms for each, and what a cautious beginning costs.
        expect(sum, JSON.stringify({ processors, perKey, dispatches: times.length })).toBeLessThan(1.5 * work + 10);
      }
    }
  });

  test('a device that suddenly has a tenth of its speed is soon within the limit again', () => {
    fc.assert(
      fc.property(models, schedules, schedules, (model, before, after) => {
        const fast = { ...model, perKey: model.perKey / 10 };
        const { budget } = runOn(fast, [before, before]);
        const { times } = runOn(model, [after, after, after], budget);
        const late = times.filter(ms => ms > TARGET_MS).length;
        expect(late).toBeLessThanOrEqual(4);
        expect(times.at(-1)).toBeLessThanOrEqual(TARGET_MS);
      }),
      { numRuns: 300 },
    );
  });

  test('an item alone says how long a key takes; several say how long it takes at most', () => {
    const budget = { keys: 1e6, depth: 4096 };
    learn(budget, { keys: 4096, depth: 4096, items: 1, full: false }, 40);
    expect(budget).toEqual({ keys: 1e6, depth: 2048 });
    learn(budget, { keys: 1e6, depth: 1024, items: 2000, full: true }, 75);
    expect(budget).toEqual({ keys: 1e6, depth: 2048 });
    learn(budget, { keys: 4096, depth: 2048, items: 2, full: false }, 10);
    expect(budget).toEqual({ keys: 1e6, depth: 4096 });
    learn(budget, { keys: 1e6, depth: 4096, items: 2000, full: true }, 750);
    expect(budget).toEqual({ keys: 125_000, depth: 512 });
  });
});

describe('copies and merges', () => {
  const MiB = 2 ** 20;

  test('each workgroup of each head copies once, at most 64 MiB at a time', () => {
    const sizes = fc.record({
      heads: fc.integer({ min: 1, max: 30 }),
      workgroups: fc.integer({ min: 1, max: 50 }),
      perWorkgroup: fc.integer({ min: 1, max: 5 * MiB }),
    });
    fc.assert(
      fc.property(sizes, ({ heads, workgroups, perWorkgroup }) => {
        const seen = new Map<string, number>();
        for (const { head, endHead, begin, end } of copiesOf(heads, workgroups, workgroups * perWorkgroup)) {
          expect((endHead - head) * (end - begin) * perWorkgroup).toBeLessThanOrEqual(64 * MiB);
          for (let h = head; h < endHead; h++)
            for (let w = begin; w < end; w++) seen.set(`${h} ${w}`, (seen.get(`${h} ${w}`) ?? 0) + 1);
        }
        expect(seen.size).toBe(heads * workgroups);
        for (const count of seen.values()) expect(count).toBe(1);
      }),
      { numRuns: 200 },
    );
    expect([...copiesOf(12, 100, MiB)]).toEqual([{ head: 0, endHead: 12, begin: 0, end: 100 }]);
  });

  test('merges follow each other, at most 64 MiB of segments at a time or one merge', () => {
    const numbers = fc.array(fc.integer({ min: 2, max: 3000 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(numbers, fc.constantFrom(1, 16_384, 65_536), (numbers_, bytes) => {
        let next = 0;
        for (const { first, end } of mergesOf(Uint32Array.from(numbers_), bytes)) {
          expect(first).toBe(next);
          const sum = numbers_.slice(first, end).reduce((a, b) => a + b, 0);
          expect(sum * bytes <= 64 * MiB || end - first === 1).toBe(true);
          next = end;
        }
        expect(next).toBe(numbers_.length);
      }),
      { numRuns: 200 },
    );
  });
});
