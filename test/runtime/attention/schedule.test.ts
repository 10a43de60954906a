import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fullPlan } from '../../../runtime/attention/full-plan.ts';
import { type HeadWork, makeSchedule, type Schedule } from '../../../runtime/attention/gpu/schedule.ts';
import { FIRST_PART, ITEM_WORDS, LAST_PART, ORDERED, ROW_SHIFT } from '../../../runtime/attention/gpu/wgsl/common.ts';
import { densePlan } from '../dense-plan.ts';
import { scattered } from './problems.ts';

interface Item {
  readonly q: number;
  readonly kv: number;
  readonly start: number;
  readonly end: number;
  readonly out: number;
  readonly order: number;
  readonly rows: number;
  readonly flags: number;
}

function itemsOf(words: Uint32Array): Item[] {
  return Array.from({ length: words.length / ITEM_WORDS }, (_, index) => {
    const [q, kv, start, end, out, order, rows, flags] = words.subarray(index * ITEM_WORDS, (index + 1) * ITEM_WORDS);
    return { q: q!, kv: kv!, start: start!, end: end!, out: out!, order: order!, rows: rows!, flags: flags! };
  });
}

/** How often each (row of the result, entry of the plan) is computed. */
function covered({ items, merges }: Schedule, result: number): Map<string, number> {
  const segments = new Map<number, Item>();
  const counts = new Map<string, number>();
  const add = (out: number, rows: number, start: number, end: number): void => {
    for (let row = out; row < out + rows; row++)
      for (let entry = start; entry < end; entry++)
        counts.set(`${row} ${entry}`, (counts.get(`${row} ${entry}`) ?? 0) + 1);
  };
  for (const item of itemsOf(items)) {
    if (item.out >= result) segments.set(item.out, item);
    else add(item.out, item.rows, item.start, item.end);
  }
  for (const merge of itemsOf(merges)) {
    for (let piece = merge.start; piece < merge.end; piece++) {
      const segment = segments.get(merge.q + piece * merge.kv)!;
      expect(segment.flags & (FIRST_PART | LAST_PART | ORDERED)).toBe(FIRST_PART);
      expect(segment.rows).toBe(merge.rows);
      add(merge.out, merge.rows, segment.start, segment.end);
      segments.delete(segment.out);
    }
  }
  expect(segments.size).toBe(0);
  return counts;
}

function workOf(plan: HeadWork['plan'], head: number, more: Partial<HeadWork> = {}): HeadWork {
  const out = head * plan.queries;
  return { plan, q: head * 4096, kv: 0, entries: 100, out, order: undefined, first: true, last: true, ...more };
}

describe('the schedule of a graphics device', () => {
  test('computes every entry of every row once, however rows are cut', () => {
    const sizes = fc.record({
      queries: fc.integer({ min: 1, max: 200 }),
      keys: fc.integer({ min: 1, max: 400 }),
      tileQueries: fc.constantFrom(1, 16, 50, 64),
      rows: fc.constantFrom(16, 32, 64),
      density: fc.integer({ min: 0, max: 3 }),
      longest: fc.constantFrom(1, 2, 3, 1000),
    });
    fc.assert(
      fc.property(sizes, ({ queries, keys, tileQueries, rows, density, longest }) => {
        const plan = densePlan(queries, keys, scattered(density), { queries: tileQueries, keys: 16 });
        const result = 2 * queries;
        const options = { rows, longest, segmentsFrom: result, mostSegmentRows: 2 ** 20 };
        const schedule = makeSchedule([workOf(plan, 0), workOf(plan, 1)], options);
        const counts = covered(schedule, result);
        let expected = 0;
        for (let block = 0; block < plan.rowStart.length - 1; block++) {
          const inBlock = Math.min(tileQueries, queries - block * tileQueries);
          expected += 2 * inBlock * (plan.rowStart[block + 1]! - plan.rowStart[block]!);
        }
        expect(counts.size).toBe(expected);
        for (const count of counts.values()) expect(count).toBe(1);
        // Every row is written, also those without keys.
        const written = new Set<number>();
        for (const item of [...itemsOf(schedule.items), ...itemsOf(schedule.merges)])
          if (item.out < result) for (let row = 0; row < item.rows; row++) written.add(item.out + row);
        expect(written.size).toBe(result);
      }),
      { numRuns: 60 },
    );
  });

  test('a long row is cut into equal pieces, and the longest items come first', () => {
    // 64 row blocks with one tile each, but the first has 1000.
    const plan = densePlan(4096, 16_000, (i, j) => i < 64 || j === 0, { queries: 64, keys: 16 });
    const options = { rows: 64, segmentsFrom: 4096, mostSegmentRows: 2 ** 20 };
    const { items, tiles, merges } = makeSchedule([workOf(plan, 0)], options);
    const [merge] = itemsOf(merges);
    expect(itemsOf(merges)).toHaveLength(1);
    expect(merge!.end).toBe(8);
    expect([...tiles.subarray(0, 8)]).toEqual(new Array(8).fill(125));
    expect([...tiles.subarray(8)]).toEqual(new Array(63).fill(1));
    expect(itemsOf(items)[0]!.flags >>> ROW_SHIFT).toBe(0);
  });

  test('rows are cut less where their segments would not fit', () => {
    const plan = fullPlan(64, 6400, { queries: 64, keys: 64 });
    const few = { rows: 64, longest: 1, segmentsFrom: 64, mostSegmentRows: 64 * 10 };
    expect(makeSchedule([workOf(plan, 0)], few).segmentRows).toBeLessThanOrEqual(640);
    const none = { ...few, mostSegmentRows: 0 };
    expect(makeSchedule([workOf(plan, 0)], none)).toMatchObject({ segmentRows: 0 });
    expect(makeSchedule([workOf(plan, 0)], none).tiles).toEqual(Uint32Array.of(100));
  });

  test('a part in the middle leaves out rows that have nothing in it', () => {
    const plan = densePlan(128, 64, i => i < 64, { queries: 64, keys: 64 });
    const options = { rows: 64, segmentsFrom: 128, mostSegmentRows: 0 };
    const middle = makeSchedule([workOf(plan, 0, { first: false, last: false })], options);
    expect(itemsOf(middle.items)).toHaveLength(1);
    const last = makeSchedule([workOf(plan, 0, { first: false, order: 7 })], options);
    expect(itemsOf(last.items).map(({ out, order, flags }) => [out, order, flags])).toEqual([
      [0, 7, LAST_PART | ORDERED],
      [0, 71, LAST_PART | ORDERED],
    ]);
  });
});
