import { breathe, throwIfAborted } from '../attention/abort.ts';
import { EVERYTHING, NOTHING, narrow } from '../pattern/algebra.ts';
import type { Box, Mask } from '../pattern/mask.ts';
import type { Choice } from './method.ts';
import { dotsWith } from './rows/dots.ts';

/** Keys between looks at which candidates there are. */
const CHUNK = 512;
/** Rows between looks at whether to stop. */
const ROWS_AT_ONCE = 16;

/**
 * Scores of the candidates, row by row: `visit(r, scores)` for query rows `from` <= r, in order. `scores` holds q_r . k_j for
 * each candidate j and -Infinity for all other keys; it is overwritten afterwards. Memory is a few rows, not the square.
 */
export async function visitScores(
  choice: Pick<Choice, 'candidates' | 'shape' | 'content' | 'checkpoint' | 'signal'>,
  visit: (row: number, scores: Float64Array) => void,
  from = 0,
): Promise<void> {
  const { candidates, content, checkpoint, signal } = choice;
  const { queries, tokens, offset } = choice.shape;
  const { q, k, headDim } = content;
  const all = { row: offset + from, rowEnd: offset + queries, column: 0, columnEnd: tokens };
  const { start, end } = spanOf(candidates, all);
  const dots = await dotsWith(k.subarray(start * headDim, end * headDim), headDim);
  const scores = new Float64Array(tokens).fill(Number.NEGATIVE_INFINITY);
  for (let first = from; first < queries; first += ROWS_AT_ONCE) {
    checkpoint?.();
    await breathe();
    throwIfAborted(signal);
    const rows = Float64Array.from(q.subarray(first * headDim, Math.min(first + ROWS_AT_ONCE, queries) * headDim));
    const inRows = narrow(candidates, { ...all, row: offset + first, rowEnd: offset + first + rows.length / headDim });
    dots.with(rows, (index, products) => {
      scores.set(products, start);
      const row = offset + first + index;
      hideOthers(inRows, { row, rowEnd: row + 1, column: start, columnEnd: end }, scores);
      visit(first + index, scores);
    });
  }
}

/** The keys, in whole chunks, from the first to the last that is a candidate of any of some rows; at least one chunk. */
function spanOf(mask: Mask, rows: Box): { readonly start: number; readonly end: number } {
  const { columnEnd } = rows;
  const holds = (at: number): boolean =>
    narrow(mask, { ...rows, column: at, columnEnd: Math.min(at + CHUNK, columnEnd) }) !== NOTHING;
  let start = 0;
  while (start + CHUNK < columnEnd && !holds(start)) start += CHUNK;
  let last = Math.floor((columnEnd - 1) / CHUNK) * CHUNK;
  while (last > start && !holds(last)) last -= CHUNK;
  return { start, end: Math.min(last + CHUNK, columnEnd) };
}

/** Leaves the scores of a row's candidates and makes all others -Infinity. */
function hideOthers(mask: Mask, row: Box, scores: Float64Array): void {
  for (let start = row.column; start < row.columnEnd; start += CHUNK) {
    const end = Math.min(start + CHUNK, row.columnEnd);
    const inChunk = narrow(mask, { ...row, column: start, columnEnd: end });
    if (inChunk === EVERYTHING) continue;
    if (inChunk === NOTHING) {
      scores.fill(Number.NEGATIVE_INFINITY, start, end);
      continue;
    }
    for (let column = start; column < end; column += 32) {
      const word = inChunk.word(row.row, column);
      for (let key = column; key < Math.min(column + 32, end); key++)
        if ((word & (1 << (key - column))) === 0) scores[key] = Number.NEGATIVE_INFINITY;
    }
  }
}
