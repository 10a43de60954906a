import { planPairs, type TilePlan } from '../compile/tile-plan.ts';
import { breathe, throwIfAborted } from './abort.ts';
import type { AttendOptions, Attention } from './attention.ts';
import { checkFinite } from './check-finite.ts';
import { compareRows, sampleRows } from './compare.ts';
import { fullPlan } from './full-plan.ts';
import { type HeadRow, referenceRows } from './reference.ts';
import { RunClock, type RunProgress } from './run-clock.ts';
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
  /** Each of the checked rows, and the largest absolute difference in it. */
  readonly rowDifferences: readonly RowDifference[];
  /** Output of full attention [heads][queries][headDim], or null when it was not run. */
  readonly fullOutput: Float32Array | null;
}

/** How far a row of the output is from the reference. */
export interface RowDifference extends HeadRow {
  readonly difference: number;
}

export interface CompareOptions extends Omit<AttendOptions, 'onProgress'> {
  readonly onProgress?: (progress: RunProgress) => void;
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

/** About what checking takes when all of its budget is used; milliseconds. */
const CHECK_MS = 500;
/** Runs shorter than this are repeated: the first one also pays for warming up. Milliseconds. */
const SHORT_RUN_MS = 250;
const REPEATS = 3;

/**
 * Runs attention over the plans, checks rows of the result against float64, and runs full attention for comparison
 * unless that would take too long. Rejects as `attend` does, and with AttentionInputError where scores or outputs of the
 * sparse run are beyond float32: a difference from them would mean nothing.
 */
export async function compareWithFull(
  attention: Attention,
  input: AttentionInput,
  plans: PlanParts,
  options: CompareOptions,
): Promise<RunReport> {
  const { onProgress, ...attending } = options;
  const longestFullMs = options.longestFullMs ?? 60_000;
  const rows = input.heads * input.queries;
  const keysPerRow = Math.max(1, pairsOfHeads(plans) / rows);
  const costOfRow = keysPerRow * (input.headDim + COST_OF_PAIR);
  const checkedRows = Math.min(rows, Math.max(FEWEST_CHECKED_ROWS, Math.floor(CHECK_BUDGET / costOfRow)));
  const checkMs = (CHECK_MS * checkedRows * costOfRow) / CHECK_BUDGET;
  const fullTiles = Math.ceil(input.queries / FULL_TILE_SIDE) * Math.ceil(input.keys / FULL_TILE_SIDE);
  /** How many times as long full attention takes as the sparse run. */
  const fullRatio = (input.heads * fullTiles) / Math.max(1, computedTiles(plans));
  const fullMsFor = (sparseMs: number): number => {
    const ms = sparseMs * fullRatio;
    return fullTiles > MAX_FULL_TILES || ms > longestFullMs ? 0 : ms;
  };

  const clock = onProgress === undefined ? undefined : new RunClock(onProgress);
  const told = clock === undefined ? {} : { onProgress: (done: number) => clock.progress(done) };
  clock?.begin('sparse', ms => (ms === null ? null : checkMs + fullMsFor(ms)));
  const sparse = await fastest(() => attention.attend(input, plans, { ...attending, ...told }));
  checkFinite(sparse, input.queries, true);
  const { kernelMs } = sparse.timing;
  const predictedFullMs = kernelMs * fullRatio;
  const fullIsTried = fullTiles <= MAX_FULL_TILES && predictedFullMs <= longestFullMs;

  clock?.begin('check', () => (fullIsTried ? predictedFullMs : 0));
  const rowDifferences = await differencesFromReference(input, plans, sparse, checkedRows, options, done =>
    clock?.progress(done),
  );
  const largestDifference = rowDifferences.reduce((most, { difference }) => Math.max(most, difference), 0);

  let full: AttentionResult | null = null;
  if (fullIsTried) {
    clock?.begin('full', () => 0);
    const tile = { queries: FULL_TILE_SIDE, keys: FULL_TILE_SIDE };
    const plan = fullPlan(input.queries, input.keys, tile);
    const headPlan = new Array<number>(input.heads).fill(0);
    // The backend that made the sparse result, so that the two times can be compared.
    const fullOptions = { ...attending, ...told, backend: sparse.backend };
    const result = await fastest(() => attention.attend(input, [{ plans: [plan], headPlan }], fullOptions));
    if (result.backend === sparse.backend) full = result;
  }
  const fullMs = full?.timing.kernelMs ?? null;
  return {
    sparse,
    fullMs,
    predictedFullMs,
    speedUp: fullMs === null || kernelMs === 0 ? null : fullMs / kernelMs,
    largestDifference,
    checkedRows,
    rows,
    rowDifferences,
    fullOutput: full?.o ?? null,
  };
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

/** Differences of the output over some rows; lets others have their turn, and stops when it is cancelled. */
async function differencesFromReference(
  input: AttentionInput,
  plans: PlanParts,
  result: AttentionResult,
  count: number,
  { scale, signal }: CompareOptions,
  progress: (done: number) => void,
): Promise<RowDifference[]> {
  const rows = sampleRows(input, count);
  const found: RowDifference[] = [];
  for (let from = 0; from < rows.length; from += CHECKED_AT_ONCE) {
    throwIfAborted(signal);
    const reference = referenceRows(input, plans, rows.slice(from, from + CHECKED_AT_ONCE), scale);
    reference.rows.forEach((row, index) => {
      found.push({ ...row, difference: compareRows(input, result, reference, index, index + 1).o });
    });
    progress(found.length / rows.length);
    await breathe();
  }
  return found;
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
