import type { TilePlan } from '../compile/tile-plan.ts';
import { forEachRow } from './mask-rows.ts';
import { checkExportSize } from './size-limit.ts';

/** A mask as compressed rows of blocks that cover it without a rest. */
export interface BlockRows {
  /** Query rows and keys of one block. */
  readonly block: readonly [rows: number, keys: number];
  /** [block rows + 1] */
  readonly indptr: Int32Array;
  /** [blocks]: the block columns that hold a pair, ascending in each block row. */
  readonly indices: Int32Array;
  /** [blocks, rows, keys]: 1 where the query attends to the key. */
  readonly data: Uint8Array;
}

/** Blocks have at most so many rows and keys. */
const LARGEST = 64;

/**
 * A mask in blocks of the largest sizes up to 64 that divide its queries and its keys: 1 where they are prime.
 *
 * @throws ExportSizeError above 2 GiB
 */
export function blockRowsOf(plan: TilePlan): BlockRows {
  const { queries, keys } = plan;
  const [rows, width] = [largestDivisor(queries), largestDivisor(keys)];
  const indptr = new Int32Array(queries / rows + 1);
  const columns = columnsOf(plan, rows, width, indptr);
  const indices = new Int32Array(columns.reduce((sum, { length }) => sum + length, 0));
  const area = rows * width;
  checkExportSize(
    `A file of ${indices.length.toLocaleString('en-US')} blocks of ${rows} x ${width}`,
    indices.length * (area + 4),
    'Export it as safetensors, which stores equal tiles once.',
  );
  const data = new Uint8Array(indices.length * area);
  const place = new Map<number, number>();
  forEachRow(plan, (row, runs) => {
    const band = Math.floor(row / rows);
    if (row % rows === 0) {
      place.clear();
      const first = Number(indptr[band]);
      for (const [at, column] of (columns[band] ?? []).entries()) {
        indices[first + at] = column;
        place.set(column, first + at);
      }
    }
    for (let run = 0; run < runs.length; run += 2) {
      const to = Number(runs[run + 1]);
      for (let from = Number(runs[run]); from < to; ) {
        const column = Math.floor(from / width);
        const end = Math.min(to, (column + 1) * width);
        const start = (place.get(column) ?? 0) * area + (row % rows) * width - column * width;
        data.fill(1, start + from, start + end);
        from = end;
      }
    }
  });
  return { block: [rows, width], indptr, indices, data };
}

/** The block columns that hold a pair in each block row; `indptr` is filled in. */
function columnsOf(plan: TilePlan, rows: number, width: number, indptr: Int32Array): readonly (readonly number[])[] {
  const columns: number[][] = [];
  let found = new Set<number>();
  forEachRow(plan, (row, runs) => {
    for (let run = 0; run < runs.length; run += 2) {
      const last = Math.floor((Number(runs[run + 1]) - 1) / width);
      for (let column = Math.floor(Number(runs[run]) / width); column <= last; column++) found.add(column);
    }
    if ((row + 1) % rows !== 0) return;
    columns.push([...found].sort((a, b) => a - b));
    indptr[columns.length] = Number(indptr[columns.length - 1]) + found.size;
    found = new Set();
  });
  return columns;
}

function largestDivisor(length: number): number {
  for (let size = Math.min(LARGEST, length); size > 1; size--) if (length % size === 0) return size;
  return 1;
}
