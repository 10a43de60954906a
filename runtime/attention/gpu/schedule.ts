import { rowBlocks, type TilePlan } from '../../compile/tile-plan.ts';
import { FIRST_PART, ITEM_WORDS, LAST_PART, ORDERED, ROW_SHIFT } from './wgsl/common.ts';

/** One head's rows in one part of a mask, and where everything of it lies on the device. */
export interface HeadWork {
  readonly plan: TilePlan;
  /** First row of the packed queries: blocks of `blockRows` rows each. */
  readonly q: number;
  /** First row of the packed keys and values. */
  readonly kv: number;
  /** First entry of the plan in the plan buffer, in entries. */
  readonly entries: number;
  /** First row of the head in o and stats. */
  readonly out: number;
  /** Where the plan's order of queries stands in the plan buffer, in words; absent: the order of the sequence. */
  readonly order: number | undefined;
  /** Is this the first part of the head's mask; is it the last? */
  readonly first: boolean;
  readonly last: boolean;
}

export interface Schedule {
  /** [items][ITEM_WORDS], those with most tiles first. */
  readonly items: Uint32Array<ArrayBuffer>;
  /** [items] tiles of each, at least 1. */
  readonly tiles: Uint32Array;
  /** [merges][ITEM_WORDS]: rows whose segments have to be put together afterwards. */
  readonly merges: Uint32Array<ArrayBuffer>;
  /** [merges] segments of each. */
  readonly segments: Uint32Array;
  /** Rows of o and stats that hold segments, after those of the result. */
  readonly segmentRows: number;
  readonly allTiles: number;
}

export interface ScheduleOptions {
  /** Query rows of a workgroup. */
  readonly rows: number;
  /** First row for segments in o and stats. */
  readonly segmentsFrom: number;
  /** Rows of o and stats that segments may take. */
  readonly mostSegmentRows: number;
  /** Most tiles of an item; a longer row is cut. Absent: so that a single row does not set the time. */
  readonly longest?: number | undefined;
}

/** Items that a device should have to choose from, so that its processors end at about the same time. */
const MANY_ITEMS = 4096;
/** Cutting shorter rows than this costs more than it saves. */
const SHORTEST_SEGMENT_KEYS = 2048;

/**
 * Lists what workgroups have to do: a workgroup takes some rows of a row block of a head against its tiles. Rows with many
 * tiles are cut into segments of equal length, whose results are merged afterwards.
 */
export function makeSchedule(works: readonly HeadWork[], options: ScheduleOptions): Schedule {
  const { rows } = options;
  const chunksOf = ({ tile }: TilePlan): number => Math.ceil(tile.queries / rows);
  let allTiles = 0;
  for (const { plan } of works) allTiles += plan.column.length * chunksOf(plan);
  const tileKeys = works[0]?.plan.tile.keys ?? 64;
  let longest =
    options.longest ?? Math.max(Math.ceil(SHORTEST_SEGMENT_KEYS / tileKeys), Math.ceil(allTiles / MANY_ITEMS));
  let size = count(works, rows, longest);
  while (size.segmentRows > options.mostSegmentRows && size.segments > 0) {
    longest *= 2;
    size = count(works, rows, longest);
  }
  const items = new Uint32Array(size.items * ITEM_WORDS);
  const tiles = new Uint32Array(size.items);
  const merges = new Uint32Array(size.merges * ITEM_WORDS);
  const segments = new Uint32Array(size.merges);
  let item = 0;
  let merge = 0;
  let segmentRow = options.segmentsFrom;
  for (const { plan, q, kv, entries, out, order, first, last } of works) {
    const chunks = chunksOf(plan);
    const flags = (first ? FIRST_PART : 0) | (last ? LAST_PART : 0) | (order === undefined ? 0 : ORDERED);
    for (let block = 0; block < rowBlocks(plan); block++) {
      const start = Number(plan.rowStart[block]);
      const end = Number(plan.rowStart[block + 1]);
      if (start === end && !first && !last) continue;
      const inBlock = Math.min(plan.tile.queries, plan.queries - block * plan.tile.queries);
      const pieces = piecesOf(end - start, longest);
      for (let chunk = 0; chunk * rows < inBlock; chunk++) {
        const packedRow = q + (block * chunks + chunk) * rows;
        const planRow = block * plan.tile.queries + chunk * rows;
        const own = Math.min(rows, inBlock - chunk * rows);
        const place = order === undefined ? [out + planRow, 0] : [out, order + planRow];
        const head = [packedRow, kv];
        const rowFlag = (chunk * rows) << ROW_SHIFT;
        if (pieces === 1) {
          items.set([...head, entries + start, entries + end, ...place, own, flags | rowFlag], item * ITEM_WORDS);
          tiles[item++] = Math.max(1, end - start);
          continue;
        }
        merges.set([segmentRow, rows, 0, pieces, ...place, own, flags], merge * ITEM_WORDS);
        segments[merge++] = pieces;
        for (let piece = 0; piece < pieces; piece++) {
          const from = start + Math.floor(((end - start) * piece) / pieces);
          const to = start + Math.floor(((end - start) * (piece + 1)) / pieces);
          const words = [...head, entries + from, entries + to, segmentRow, 0, own, FIRST_PART | rowFlag];
          items.set(words, item * ITEM_WORDS);
          tiles[item++] = to - from;
          segmentRow += rows;
        }
      }
    }
  }
  return { ...longestFirst(items, tiles), merges, segments, segmentRows: segmentRow - options.segmentsFrom, allTiles };
}

function piecesOf(tiles: number, longest: number): number {
  return tiles <= 1.5 * longest ? 1 : Math.ceil(tiles / longest);
}

function count(works: readonly HeadWork[], rows: number, longest: number) {
  let items = 0;
  let merges = 0;
  let segments = 0;
  for (const { plan, first, last } of works) {
    for (let block = 0; block < rowBlocks(plan); block++) {
      const tiles = Number(plan.rowStart[block + 1]) - Number(plan.rowStart[block]);
      if (tiles === 0 && !first && !last) continue;
      const inBlock = Math.min(plan.tile.queries, plan.queries - block * plan.tile.queries);
      const chunks = Math.ceil(inBlock / rows);
      const pieces = piecesOf(tiles, longest);
      items += chunks * pieces;
      if (pieces > 1) {
        merges += chunks;
        segments += chunks * pieces;
      }
    }
  }
  return { items, merges, segments, segmentRows: segments * rows };
}

/** A long item that starts last would keep the device waiting. Items of equal length keep their order, which caches like. */
function longestFirst(
  items: Uint32Array<ArrayBuffer>,
  tiles: Uint32Array,
): { items: Uint32Array<ArrayBuffer>; tiles: Uint32Array } {
  let most = 0;
  for (const count of tiles) most = Math.max(most, count);
  const next = new Uint32Array(most + 2);
  for (const count of tiles) next[most - count + 1] = Number(next[most - count + 1]) + 1;
  for (let i = 1; i < next.length; i++) next[i] = Number(next[i]) + Number(next[i - 1]);
  const sortedItems = new Uint32Array(items.length);
  const sortedTiles = new Uint32Array(tiles.length);
  for (let item = 0; item < tiles.length; item++) {
    const bucket = most - Number(tiles[item]);
    const to = Number(next[bucket]);
    next[bucket] = to + 1;
    sortedTiles[to] = Number(tiles[item]);
    sortedItems.set(items.subarray(item * ITEM_WORDS, (item + 1) * ITEM_WORDS), to * ITEM_WORDS);
  }
  return { items: sortedItems, tiles: sortedTiles };
}
