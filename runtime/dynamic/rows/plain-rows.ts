import { breathe, throwIfAborted } from '../../attention/abort.ts';
import { FULL_TILE, type TilePlan, wordsPerMask } from '../../compile/tile-plan.ts';
import { AT_ONCE, fourDots, paddedLength } from '../four-dots.ts';
import { type KeySet, keySet } from '../key-sets.ts';
import { gather, placesFrom, placesOfLargest } from '../ranking.ts';
import { reachExactly } from './reach-exactly.ts';
import { CANDIDATE_TILE, type RowProgress, type RowRequest, type RowRule } from './row-rule.ts';

/** The same choice without WebAssembly: in JavaScript, in the calling thread. */
export async function choosePlainly(request: RowRequest, { signal, onProgress }: RowProgress): Promise<KeySet[]> {
  const { rule, q, k, headDim, candidates } = request;
  const { keys: tokens, queries } = candidates;
  const vectors = new Float64Array(paddedLength(tokens, headDim));
  vectors.set(k);
  const scores = new Float64Array(tokens);
  const scratch = new Float64Array(tokens);
  const weights = new Float64Array(tokens);
  const sets: KeySet[] = [];
  for (let row = 0; row < queries; row++) {
    if (row % CANDIDATE_TILE.queries === 0) {
      await breathe();
      throwIfAborted(signal);
      onProgress?.(row / queries);
    }
    scoreRow(candidates, row, { vectors, q, headDim }, scores);
    sets.push(keySet(taken(rule, scores, scratch, weights), tokens));
  }
  return sets;
}

interface Vectors {
  readonly vectors: Float64Array;
  readonly q: Float32Array;
  readonly headDim: number;
}

/** q . k of a row's candidates, and -Infinity for all other keys. */
function scoreRow(plan: TilePlan, row: number, { vectors, q, headDim }: Vectors, scores: Float64Array): void {
  const { queries, keys } = CANDIDATE_TILE;
  const dots = new Float64Array(AT_ONCE);
  scores.fill(Number.NEGATIVE_INFINITY);
  const block = Math.floor(row / queries);
  for (let entry = plan.rowStart[block] ?? 0; entry < (plan.rowStart[block + 1] ?? 0); entry++) {
    const first = (plan.column[entry] ?? 0) * keys;
    const mask = plan.maskId[entry] ?? 0;
    for (let column = 0; column < keys; column += AT_ONCE) {
      const word = ((row % queries) * keys + column) >> 5;
      const bits =
        mask === FULL_TILE ? 15 : ((plan.masks[mask * wordsPerMask(plan) + word] ?? 0) >>> (column & 31)) & 15;
      if (bits === 0) continue;
      fourDots(vectors, first + column, headDim, q, row * headDim, dots);
      for (let bit = 0; bit < AT_ONCE; bit++)
        if ((bits & (1 << bit)) !== 0) scores[first + column + bit] = dots[bit] as number;
    }
  }
}

/** The keys that a row takes. */
function taken(rule: RowRule, scores: Float64Array, scratch: Float64Array, weights: Float64Array): Uint32Array {
  if (rule.kind === 'largest') return placesOfLargest(scores, rule.keys, scratch);
  for (let key = 0; key < scores.length; key++)
    if ((scores[key] as number) > Number.NEGATIVE_INFINITY) scores[key] = (scores[key] as number) * rule.scale;
  const all = gather(scores, scratch);
  if (rule.mass === 1 || all === 0) return placesFrom(scores, Number.NEGATIVE_INFINITY, 0, all);
  const { least, ties, count } = reachExactly(scratch.subarray(0, all), rule.mass, weights);
  return placesFrom(scores, least, ties, count);
}
