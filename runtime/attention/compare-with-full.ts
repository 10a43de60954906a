import { planPairs, type TilePlan } from '../compile/tile-plan.ts';
import { breathe, throwIfAborted } from './abort.ts';
import type { AttendOptions, Attention } from './attention.ts';
import { compareRows, sampleRows } from './compare.ts';
import { fullPlan } from './full-plan.ts';
import { referenceRows } from './reference.ts';
import type { AttentionInput, AttentionResult, PlanParts } from './types.ts';

/** A sparse run set against full attention on the same data and against the reference. */
export interface RunReport {
  /** The sparse run: its backend, device, times (the shortest of three where they are short) and notes. */
  readonly sparse: AttentionResult;
  /** Milliseconds of full attention on the same backend, or null when it was not run. */
  readonly fullMs: number | null;
  /** What full attention would take, from the sparse run's time per computed tile. */
  readonly predictedFullMs: number;
  /** fullMs / sparse kernel milliseconds, or null. */
  readonly speedUp: number | null;
  /** Largest absolute difference of the output from the float64 reference over the checked rows. */
  readonly largestDifference: number;
  /** Rows, over all heads, that were compared with the reference, and how many there are. */
  readonly checkedRows: number;
  readonly rows: number;
}

export interface CompareOptions extends AttendOptions {
  /** Full attention is left out when it is predicted to take longer; milliseconds, default 60,000. */
  readonly longestFullMs?: number;
}

/** What checking against the reference may cost, in multiplications of one thread of JavaScript: about half a second. */
const CHECK_BUDGET = 2 ** 27;
/** Finding a pair and its exponential cost as much as so many multiplications. */
const COST_OF_PAIR = 32;
const FEWEST_CHECKED_ROWS = 16;
/** Rows that are checked between looks at the signal. */
const CHECKED_AT_ONCE = 16;

/** Query rows and keys of the full run's tiles. */
const FULL_TILE_SIDE = 64;
/** A full run whose plan lists more tiles is left out: 256 MiB. */
const MAX_FULL_TILES = 2 ** 25;

/** Share of the progress that the sparse run takes. */
const SPARSE_SHARE = 0.4;
/** Runs shorter than this are repeated: the first one also pays for warming up. Milliseconds. */
const SHORT_RUN_MS = 250;
const REPEATS = 3;

/**
 * Runs attention over the plans, checks rows of the result against float64, and runs full attention for comparison
 * unless that would take too long. Rejects as `attend` does.
 */
export async function compareWithFull(
  attention: Attention,
  input: AttentionInput,
  plans: PlanParts,
  options: CompareOptions,
): Promise<RunReport> {
  const { onProgress } = options;
  const part = (from: number, share: number): AttendOptions => ({
    ...options,
    ...(onProgress === undefined ? {} : { onProgress: (done: number) => onProgress(from + share * done) }),
  });
  const sparse = await fastest(() => attention.attend(input, plans, part(0, SPARSE_SHARE)));
  const rows = input.heads * input.queries;
  const keysPerRow = Math.max(1, pairsOfHeads(plans) / rows);
  const affordable = Math.floor(CHECK_BUDGET / (keysPerRow * (input.headDim + COST_OF_PAIR)));
  const checkedRows = Math.min(rows, Math.max(FEWEST_CHECKED_ROWS, affordable));
  const largestDifference = await differenceFromReference(input, plans, sparse, checkedRows, options);

  const fullTiles = Math.ceil(input.queries / FULL_TILE_SIDE) * Math.ceil(input.keys / FULL_TILE_SIDE);
  const predictedFullMs = (sparse.timing.kernelMs * input.heads * fullTiles) / Math.max(1, computedTiles(plans));
  let fullMs: number | null = null;
  if (fullTiles <= MAX_FULL_TILES && predictedFullMs <= (options.longestFullMs ?? 60_000)) {
    const tile = { queries: FULL_TILE_SIDE, keys: FULL_TILE_SIDE };
    const full = fullPlan(input.queries, input.keys, tile);
    const headPlan = new Array<number>(input.heads).fill(0);
    // The backend that made the sparse result, so that the two times can be compared.
    const fullOptions = { ...part(SPARSE_SHARE, 1 - SPARSE_SHARE), backend: sparse.backend };
    const result = await fastest(() => attention.attend(input, [{ plans: [full], headPlan }], fullOptions));
    if (result.backend === sparse.backend) fullMs = result.timing.kernelMs;
  }
  onProgress?.(1);
  const speedUp = fullMs === null || sparse.timing.kernelMs === 0 ? null : fullMs / sparse.timing.kernelMs;
  return { sparse, fullMs, predictedFullMs, speedUp, largestDifference, checkedRows, rows };
}

/** The run with the shortest kernel time of a few, or of one when it is long. */
async function fastest(run: () => Promise<AttentionResult>): Promise<AttentionResult> {
  let best = await run();
  for (let repeat = 1; repeat < REPEATS && best.timing.kernelMs < SHORT_RUN_MS; repeat++) {
    const again = await run();
    if (again.backend === best.backend && again.timing.kernelMs < best.timing.kernelMs)
      best = { ...again, notes: best.notes };
  }
  return best;
}

/** Largest difference of the output over some rows; lets others have their turn, and stops when it is cancelled. */
async function differenceFromReference(
  input: AttentionInput,
  plans: PlanParts,
  result: AttentionResult,
  count: number,
  { scale, signal }: CompareOptions,
): Promise<number> {
  const rows = sampleRows(input, count);
  let largest = 0;
  for (let from = 0; from < rows.length; from += CHECKED_AT_ONCE) {
    throwIfAborted(signal);
    const reference = referenceRows(input, plans, rows.slice(from, from + CHECKED_AT_ONCE), scale);
    largest = Math.max(largest, compareRows(input, result, reference).o);
    await breathe();
  }
  return largest;
}

/** Pairs over all heads. */
export function pairsOfHeads(parts: PlanParts): number {
  return sumOverHeads(parts, planPairs);
}

/** Tiles that the kernels compute, full and partial, over all heads. */
function computedTiles(parts: PlanParts): number {
  return sumOverHeads(parts, plan => plan.column.length);
}

function sumOverHeads(parts: PlanParts, of: (plan: TilePlan) => number): number {
  let sum = 0;
  for (const { plans, headPlan } of parts) {
    const each = plans.map(of);
    for (const plan of headPlan) sum += each[plan] ?? 0;
  }
  return sum;
}
