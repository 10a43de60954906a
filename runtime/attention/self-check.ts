import { FULL_TILE, type TilePlan, wordsPerMask, wordsPerRow } from '../compile/tile-plan.ts';
import { compareResults } from './compare.ts';
import { fullPlan } from './full-plan.ts';
import { createReferenceBackend } from './reference.ts';
import { sampleInput } from './sample-data.ts';
import type { AttentionInput, AttentionOptions, AttentionResult, PlanParts, Precision } from './types.ts';

/**
 * Relative to the size of values and log-sum-exps. Looser than what kernels reach, because devices may be less exact; far
 * below what a wrong kernel gives.
 */
const TOLERANCE: Readonly<Record<Precision, number>> = { f32: 1e-5, f16: 2e-3 };
/** Numbers in v are below 4 in size, log-sum-exps below 8. */
const SIZE = { o: 4, lse: 8 };

const tile = { queries: 64, keys: 64 };
const queries = 134;
const keys = 269;

export interface CheckOptions {
  /** Default 37. */
  readonly headDim?: number;
  /** How exact the results have to be; default f32. */
  readonly precision?: Precision;
}

type Run = (
  input: AttentionInput,
  parts: PlanParts,
  options: AttentionOptions,
) => Promise<Pick<AttentionResult, 'o' | 'lse'>>;

interface Problem {
  readonly input: AttentionInput;
  readonly parts: PlanParts;
  readonly expected: Promise<AttentionResult>;
}

/** By head dimension. */
const problems = new Map<number, Problem>();

/**
 * Runs a small awkward problem - grouped heads, two plans, a second part in another order, short last tiles, full and
 * partial tiles, several tiles in a row, rows without keys - and compares with the reference.
 *
 * @throws Error when the results are wrong
 */
export async function selfCheck(run: Run, { headDim = 37, precision = 'f32' }: CheckOptions = {}): Promise<void> {
  let problem = problems.get(headDim);
  if (problem === undefined) {
    problem = createProblem(headDim);
    problems.set(headDim, problem);
  }
  const { input, parts, expected } = problem;
  const difference = compareResults(await run(input, parts, {}), await expected);
  const tolerance = TOLERANCE[precision];
  if (!(difference.o <= SIZE.o * tolerance && difference.lse <= SIZE.lse * tolerance)) {
    throw new Error(
      `it computes wrong results (off by ${difference.o.toPrecision(2)} in a small test, ` +
        `${difference.lse.toPrecision(2)} in log-sum-exp)`,
    );
  }
}

function createProblem(headDim: number): Problem {
  const input = sampleInput({ heads: 4, kvHeads: 2, queries, keys, headDim }, 1);
  const first = {
    plans: [planOf(almostCausal), fullPlan(queries, keys, tile)],
    headPlan: [0, 1, 1, 0],
  };
  // Disjoint from the first part: that one has no pair above the diagonal in heads 0 and 3, and all pairs in the others.
  const above = planOf((row, key) => order(keys, key) > order(queries, row) && (row + key) % 5 === 0);
  const ordered = { ...above, queryOrder: orders(queries), keyOrder: orders(keys) };
  const second = { plans: [ordered, planOf(() => false)], headPlan: [0, 1, 1, 0] };
  const parts = [first, second];
  return { input, parts, expected: createReferenceBackend().run(input, parts, {}) };
}

/** A permutation of `count` positions, which 7 must not divide. */
function order(count: number, place: number): number {
  return (place * 7) % count;
}

function orders(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, place) => order(count, place));
}

/** Causal, but that some rows, one of them alone, the others a group, see nothing. */
function almostCausal(row: number, key: number): boolean {
  return key <= row && row !== 3 && (row < 70 || row > 76);
}

function planOf(allowed: (row: number, key: number) => boolean): TilePlan {
  const rowStart = [0];
  const column: number[] = [];
  const maskId: number[] = [];
  const masks: Uint32Array[] = [];
  const pairs: number[] = [];
  for (let row0 = 0; row0 < queries; row0 += tile.queries) {
    let sum = 0;
    for (let key0 = 0; key0 < keys; key0 += tile.keys) {
      const words = new Uint32Array(wordsPerMask({ tile }));
      let count = 0;
      for (let r = 0; r < tile.queries && row0 + r < queries; r++) {
        for (let c = 0; c < tile.keys && key0 + c < keys; c++) {
          if (!allowed(row0 + r, key0 + c)) continue;
          const at = r * wordsPerRow({ tile }) + (c >>> 5);
          words[at] = Number(words[at]) | (1 << (c & 31));
          count++;
        }
      }
      if (count === 0) continue;
      sum += count;
      column.push(key0 / tile.keys);
      const full = count === tile.queries * tile.keys;
      maskId.push(full ? FULL_TILE : masks.length);
      if (!full) masks.push(words);
    }
    rowStart.push(column.length);
    pairs.push(sum);
  }
  const stored = new Uint32Array(masks.length * wordsPerMask({ tile }));
  masks.forEach((words, index) => {
    stored.set(words, index * words.length);
  });
  return {
    tile,
    queries,
    keys,
    rowStart: Uint32Array.from(rowStart),
    column: Uint32Array.from(column),
    maskId: Uint32Array.from(maskId),
    masks: stored,
    pairs: Float64Array.from(pairs),
  };
}
