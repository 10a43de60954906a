import { FULL_TILE, type TilePlan, wordsPerMask, wordsPerRow } from '../../compile/tile-plan.ts';
import { popcount } from '../../pattern/bits.ts';
import type { ChosenRows } from './chosen-rows.ts';
import type { RowRequest } from './row-rule.ts';

/** A request for some of the rows of another one, ascending. */
export function onlyRows(request: RowRequest, rows: readonly number[]): RowRequest {
  const { q, headDim, candidates } = request;
  const own =
    q instanceof Float32Array ? new Float32Array(rows.length * headDim) : new Float64Array(rows.length * headDim);
  rows.forEach((row, at) => {
    own.set(q.subarray(row * headDim, (row + 1) * headDim), at * headDim);
  });
  return { ...request, q: own, candidates: planOfRows(candidates, rows) };
}

/**
 * All rows of a request, of which others were chosen apart.
 *
 * @param rest rows without those, in order
 * @param apart numbers of those rows, ascending
 * @param chosen what they take
 */
export function withRows(
  rest: ChosenRows,
  apart: readonly number[],
  chosen: ChosenRows,
  { queries, keys: tokens }: Pick<TilePlan, 'queries' | 'keys'>,
): ChosenRows {
  const counts = new Uint32Array(queries);
  const words = new Uint32Array(rest.words.length + chosen.words.length);
  const most = Math.ceil(tokens / 32);
  const [ofRest, ofChosen] = [
    { from: rest, row: 0, at: 0 },
    { from: chosen, row: 0, at: 0 },
  ];
  let next = 0;
  for (let row = 0; row < queries; row++) {
    const source = apart[ofChosen.row] === row ? ofChosen : ofRest;
    const count = source.from.counts[source.row++] ?? 0;
    const length = Math.min(count, most);
    words.set(source.from.words.subarray(source.at, source.at + length), next);
    counts[row] = count;
    source.at += length;
    next += length;
  }
  return { counts, words };
}

/** The rows of a plan that are asked for, as a plan of their own. */
function planOfRows(plan: TilePlan, rows: readonly number[]): TilePlan {
  const { tile } = plan;
  const perRow = wordsPerRow(plan);
  const perMask = wordsPerMask(plan);
  const blocks = Math.ceil(rows.length / tile.queries);
  const rowStart = new Uint32Array(blocks + 1);
  const column: number[] = [];
  const maskId: number[] = [];
  const masks: Uint32Array[] = [];
  const pairs = new Float64Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const some = rows.slice(block * tile.queries, (block + 1) * tile.queries);
    const whole = some.length === tile.queries;
    for (const [at, entries] of tilesOf(plan, some)) {
      if (whole && entries.every(entry => entry !== undefined && plan.maskId[entry] === FULL_TILE)) {
        column.push(at);
        maskId.push(FULL_TILE);
        pairs[block] = Number(pairs[block]) + tile.queries * tile.keys;
        continue;
      }
      const words = new Uint32Array(perMask);
      entries.forEach((entry, row) => {
        const mask = entry === undefined ? undefined : plan.maskId[entry];
        if (mask === undefined) return;
        const own = words.subarray(row * perRow, (row + 1) * perRow);
        const from = mask * perMask + (Number(some[row]) % tile.queries) * perRow;
        if (mask === FULL_TILE) own.fill(0xffffffff);
        else own.set(plan.masks.subarray(from, from + perRow));
      });
      const count = words.reduce((sum, word) => sum + popcount(word), 0);
      // The tile may hold pairs of other rows only.
      if (count === 0) continue;
      pairs[block] = Number(pairs[block]) + count;
      column.push(at);
      maskId.push(masks.length);
      masks.push(words);
    }
    rowStart[block + 1] = column.length;
  }
  const stored = new Uint32Array(masks.length * perMask);
  masks.forEach((words, id) => {
    stored.set(words, id * perMask);
  });
  return {
    ...{ tile, queries: rows.length, keys: plan.keys, rowStart, pairs, masks: stored },
    ...{ column: Uint32Array.from(column), maskId: Uint32Array.from(maskId) },
  };
}

/** The tiles in which any of some rows has a candidate, ascending by their keys, with the entry of each row. */
function tilesOf(plan: TilePlan, rows: readonly number[]): [number, (number | undefined)[]][] {
  const entriesOf = new Map<number, (number | undefined)[]>();
  for (let first = 0; first < rows.length; ) {
    // Rows of one block have the same tiles.
    const block = Math.floor((rows[first] ?? 0) / plan.tile.queries);
    let end = first + 1;
    while (end < rows.length && Math.floor((rows[end] ?? 0) / plan.tile.queries) === block) end++;
    for (let entry = plan.rowStart[block] ?? 0; entry < (plan.rowStart[block + 1] ?? 0); entry++) {
      const tile = plan.column[entry] ?? 0;
      let entries = entriesOf.get(tile);
      if (entries === undefined) {
        entries = new Array<number | undefined>(rows.length).fill(undefined);
        entriesOf.set(tile, entries);
      }
      entries.fill(entry, first, end);
    }
    first = end;
  }
  return [...entriesOf].sort(([a], [b]) => a - b);
}
