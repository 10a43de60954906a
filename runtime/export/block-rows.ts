import type { TilePlan } from '../compile/tile-plan.ts';
import type { Pieces } from '../tensor/contents.ts';
import { littleEndian } from '../tensor/convert.ts';
import { maskRows } from './mask-rows.ts';

/** A mask as compressed rows of blocks that cover it without a rest. */
export interface BlockRows {
  /** Query rows and keys of one block. */
  readonly block: readonly [rows: number, keys: number];
  /** [block rows + 1] */
  readonly indptr: Int32Array;
  /** How many blocks hold a pair. */
  readonly blocks: number;
  /** int32 [blocks]: the columns of those blocks, ascending in each block row. */
  readonly indices: Pieces;
  /** bool [blocks, rows, keys]: 1 where the query attends to the key. */
  readonly data: Pieces;
}

/** Blocks have at most so many rows and keys. */
const LARGEST = 64;

/** A mask in blocks of the largest sizes up to 64 that divide its queries and its keys: 1 where they are prime. */
export function blockRowsOf(plan: TilePlan): BlockRows {
  const block = [largestDivisor(plan.queries), largestDivisor(plan.keys)] as const;
  const indptr = new Int32Array(plan.queries / block[0] + 1);
  let [row, blocks] = [0, 0];
  for (const { columns } of bandsOf(plan, block)) {
    blocks += columns.length;
    indptr[++row] = blocks;
  }
  return {
    block,
    indptr,
    blocks,
    *indices() {
      for (const { columns } of bandsOf(plan, block)) yield littleEndian(Int32Array.from(columns));
    },
    *data() {
      for (const band of bandsOf(plan, block)) yield blocksOfBand(band, block);
    },
  };
}

/** A row of blocks. */
interface Band {
  /** Those that hold a pair, ascending. */
  readonly columns: readonly number[];
  /** The runs of keys of each query row. */
  readonly rows: readonly (readonly number[])[];
}

function* bandsOf(plan: TilePlan, [height, width]: BlockRows['block']): Generator<Band, void> {
  let rows: (readonly number[])[] = [];
  const found = new Set<number>();
  for (const { row, runs } of maskRows(plan)) {
    rows.push(runs);
    for (let run = 0; run < runs.length; run += 2) {
      const last = Math.floor((Number(runs[run + 1]) - 1) / width);
      for (let column = Math.floor(Number(runs[run]) / width); column <= last; column++) found.add(column);
    }
    if ((row + 1) % height !== 0) continue;
    yield { columns: [...found].sort((a, b) => a - b), rows };
    found.clear();
    rows = [];
  }
}

/** [blocks, rows, keys] */
function blocksOfBand({ columns, rows }: Band, [height, width]: BlockRows['block']): Uint8Array {
  const data = new Uint8Array(columns.length * height * width);
  const place = new Map(columns.map((column, at) => [column, at * height * width]));
  for (const [row, runs] of rows.entries())
    for (let run = 0; run < runs.length; run += 2) {
      const to = Number(runs[run + 1]);
      for (let from = Number(runs[run]); from < to; ) {
        const column = Math.floor(from / width);
        const end = Math.min(to, (column + 1) * width);
        const start = (place.get(column) ?? 0) + row * width - column * width;
        data.fill(1, start + from, start + end);
        from = end;
      }
    }
  return data;
}

function largestDivisor(length: number): number {
  for (let size = Math.min(LARGEST, length); size > 1; size--) if (length % size === 0) return size;
  return 1;
}
