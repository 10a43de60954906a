import { NOTHING, narrow } from '../pattern/algebra.ts';
import { bitsBetween } from '../pattern/bits.ts';
import { AT_ONCE, fourDots } from './four-dots.ts';
import type { Choice } from './method.ts';

/** Keys between looks at which candidates there are. */
const CHUNK = 512;

/**
 * Scores of the candidates, row by row: `visit(r, scores)` for query rows `from` <= r, in order. `scores` holds q_r . k_j for
 * each candidate j and -Infinity for all other keys; it is overwritten afterwards. Memory is a few rows, not the square.
 */
export function visitScores(
  choice: Pick<Choice, 'candidates' | 'shape' | 'content' | 'checkpoint'>,
  visit: (row: number, scores: Float64Array) => void,
  from = 0,
): void {
  const { queries, tokens } = choice.shape;
  const strip = Array.from({ length: AT_ONCE }, () => new Float64Array(tokens));
  for (let row = from; row < queries; row += AT_ONCE) {
    choice.checkpoint?.();
    const scores = strip.slice(0, queries - row);
    fill(choice, row, scores);
    scores.forEach((each, index) => {
      visit(row + index, each);
    });
  }
}

/** Scores of neighbouring query rows from `row` on. */
function fill(
  { candidates, shape, content }: Pick<Choice, 'candidates' | 'shape' | 'content'>,
  row: number,
  scores: readonly Float64Array[],
): void {
  for (const each of scores) each.fill(Number.NEGATIVE_INFINITY);
  const { q, k, headDim } = content;
  const queries = Float64Array.from({ length: AT_ONCE * headDim }, (_, at) => q[row * headDim + at] ?? 0);
  const dots = new Float64Array(AT_ONCE);
  const [s0, s1, s2, s3] = scores;
  const position = shape.offset + row;
  const box = { row: position, rowEnd: position + scores.length, column: 0, columnEnd: shape.tokens };
  const inStrip = narrow(candidates, box);
  for (let start = 0; start < shape.tokens; start += CHUNK) {
    const end = Math.min(start + CHUNK, shape.tokens);
    const inChunk = narrow(inStrip, { ...box, column: start, columnEnd: end });
    if (inChunk === NOTHING) continue;
    for (let column = start; column < end; column += 32) {
      const inside = bitsBetween(0, end - column);
      const w0 = s0 === undefined ? 0 : inChunk.word(position, column) & inside;
      const w1 = s1 === undefined ? 0 : inChunk.word(position + 1, column) & inside;
      const w2 = s2 === undefined ? 0 : inChunk.word(position + 2, column) & inside;
      const w3 = s3 === undefined ? 0 : inChunk.word(position + 3, column) & inside;
      for (let any = w0 | w1 | w2 | w3; any !== 0; any &= any - 1) {
        const low = any & -any;
        const key = column + 31 - Math.clz32(low);
        fourDots(queries, 0, headDim, k, key * headDim, dots);
        if (s0 !== undefined && (w0 & low) !== 0) s0[key] = dots[0] as number;
        if (s1 !== undefined && (w1 & low) !== 0) s1[key] = dots[1] as number;
        if (s2 !== undefined && (w2 & low) !== 0) s2[key] = dots[2] as number;
        if (s3 !== undefined && (w3 & low) !== 0) s3[key] = dots[3] as number;
      }
    }
  }
}
