import { breathe, throwIfAborted } from '../../attention/abort.ts';
import { FULL_TILE, wordsPerMask } from '../../compile/tile-plan.ts';
import { AT_ONCE, fourDots, paddedLength } from '../four-dots.ts';
import { gather, placesFrom, placesOfLargest } from '../ranking.ts';
import { type ChosenRows, RowList } from './chosen-rows.ts';
import { reachExactly } from './reach-exactly.ts';
import { CANDIDATE_TILE, type RowProgress, type RowRequest, type RowRule } from './row-rule.ts';

/** The same choice without WebAssembly: in JavaScript, in the calling thread. */
export async function choosePlainly(request: RowRequest, { signal, onProgress }: RowProgress): Promise<ChosenRows> {
  const { keys: tokens, queries } = request.candidates;
  const rows = new PlainRows(request);
  const list = new RowList(tokens);
  for (let row = 0; row < queries; row++) {
    if (row % CANDIDATE_TILE.queries === 0) {
      await breathe();
      throwIfAborted(signal);
      onProgress?.(row / queries);
    }
    list.add(rows.choose(row));
  }
  return list.done();
}

/** The rows of a request, one at a time. */
export class PlainRows {
  readonly #request: RowRequest;
  readonly #vectors: Float64Array;
  readonly #scores: Float64Array;
  readonly #scratch: Float64Array;
  readonly #weights: Float64Array;

  constructor(request: RowRequest) {
    const { k, headDim, candidates } = request;
    this.#request = request;
    this.#vectors = new Float64Array(paddedLength(candidates.keys, headDim));
    this.#vectors.set(k);
    this.#scores = new Float64Array(candidates.keys);
    this.#scratch = new Float64Array(candidates.keys);
    this.#weights = new Float64Array(candidates.keys);
  }

  /** The keys that a row takes, ascending. */
  choose(row: number): Uint32Array {
    this.#score(row);
    return taken(this.#request.rule, this.#scores, this.#scratch, this.#weights);
  }

  /** q . k of a row's candidates, and -Infinity for all other keys. */
  #score(row: number): void {
    const { candidates: plan, q, headDim } = this.#request;
    const { queries, keys } = CANDIDATE_TILE;
    const scores = this.#scores.fill(Number.NEGATIVE_INFINITY);
    const dots = new Float64Array(AT_ONCE);
    const block = Math.floor(row / queries);
    for (let entry = plan.rowStart[block] ?? 0; entry < (plan.rowStart[block + 1] ?? 0); entry++) {
      const first = (plan.column[entry] ?? 0) * keys;
      const mask = plan.maskId[entry] ?? 0;
      for (let column = 0; column < keys; column += AT_ONCE) {
        const word = ((row % queries) * keys + column) >> 5;
        const bits =
          mask === FULL_TILE ? 15 : ((plan.masks[mask * wordsPerMask(plan) + word] ?? 0) >>> (column & 31)) & 15;
        if (bits === 0) continue;
        fourDots(this.#vectors, first + column, headDim, q, row * headDim, dots);
        for (let bit = 0; bit < AT_ONCE; bit++)
          if ((bits & (1 << bit)) !== 0) scores[first + column + bit] = dots[bit] as number;
      }
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
