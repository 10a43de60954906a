import { FULL_TILE, type TilePlan, wordsPerMask, wordsPerRow } from '../compile/tile-plan.ts';
import { compareResults } from './compare.ts';
import { fullPlan } from './full-plan.ts';
import { createReferenceBackend } from './reference.ts';
import { sampleInput } from './sample-data.ts';
import type { AttentionInput, AttentionResult, Backend, HeadPlans } from './types.ts';

/** Looser than what the kernels reach, because devices may be less exact; far below what a wrong kernel gives. */
const TOLERANCE = 1e-5;

const tile = { queries: 64, keys: 64 };
const queries = 134;
const keys = 141;

let problem: { readonly input: AttentionInput; readonly plans: HeadPlans; readonly expected: Promise<AttentionResult> };

/**
 * Runs a small awkward problem - grouped heads, two plans, short last tiles, full and partial tiles, several tiles in a
 * row, rows without keys - and compares with the reference.
 *
 * @throws Error when the backend is wrong
 */
export async function selfCheck(backend: Backend): Promise<void> {
  problem ??= createProblem();
  const { input, plans, expected } = problem;
  const difference = compareResults(await backend.run(input, plans, {}), await expected);
  // Numbers in v are below 4 in size, log-sum-exps below 8.
  if (!(difference.o <= 4 * TOLERANCE && difference.lse <= 8 * TOLERANCE)) {
    throw new Error(
      `it computes wrong results (off by ${difference.o.toPrecision(2)} in a small test, ` +
        `${difference.lse.toPrecision(2)} in log-sum-exp)`,
    );
  }
}

function createProblem(): typeof problem {
  const input = sampleInput({ heads: 4, kvHeads: 2, queries, keys, headDim: 37 }, 1);
  const plans = { plans: [almostCausal(), fullPlan(queries, keys, tile)], headPlan: [0, 1, 1, 0] };
  return { input, plans, expected: createReferenceBackend().run(input, plans, {}) };
}

/** Causal, but that some rows, one of them alone, the others a group, see nothing. */
function almostCausal(): TilePlan {
  const allowed = (row: number, key: number): boolean => key <= row && row !== 3 && (row < 70 || row > 76);
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
