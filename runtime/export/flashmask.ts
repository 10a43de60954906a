import type { Pair } from '../analyse/find-pair.ts';
import type { TilePlan } from '../compile/tile-plan.ts';
import { fromInt32 } from '../tensor/convert.ts';
import { npzContents } from '../tensor/npz.ts';
import { groupMisfit, groupsOf } from './head-groups.ts';
import { plansOf } from './head-masks.ts';
import { maskRows } from './mask-rows.ts';
import type { Misfit } from './misfit.ts';
import type { Exported, ExportRequest } from './request.ts';
import { checkExportSize, ZIP_LIMIT } from './size-limit.ts';

/**
 * The masked rows of each key: [from, to) among the rows from the diagonal down, and among those above it. `from` is
 * `NONE` where no row is masked.
 */
interface MaskedRows {
  readonly lowerFrom: Int32Array;
  readonly lowerTo: Int32Array;
  readonly upperFrom: Int32Array;
  readonly upperTo: Int32Array;
}

const NONE = -1;

/** Why FlashMask cannot hold the masks of a request; undefined when it can. Throws CompileError. */
export function flashMaskMisfit(request: ExportRequest): Misfit | undefined {
  const { queries, tokens } = request.shape;
  if (queries !== tokens)
    return { reason: `it takes as many queries as keys, not ${queries} and ${tokens}`, roundable: false };
  const differing = groupMisfit(request);
  if (differing !== undefined) return differing;
  for (const plan of plansOf(request).distinct) {
    const rows = maskedRows(plan);
    if ('query' in rows)
      return {
        reason: `each key is hidden from one run of queries below the diagonal and one above it at most, but from query ${rows.query} a second run begins`,
        pair: rows,
        roundable: false,
      };
  }
  return undefined;
}

/**
 * Arguments of `paddle.nn.functional.flashmask_attention` as a .npz file: `startend_row_indices` int32
 * [1, heads of keys, keys, 1, 2 or 4] and the bool `causal`. For key j, masked rows i are, by the last extent: causal 1: i >= s;
 * causal 2: s <= i < e; else 2: i >= s or i < e; else 4: s <= i < e or s' <= i < e'. The shortest that holds all masks is taken.
 *
 * @throws RangeError when the masks are not of that class, ExportSizeError when a zip file cannot hold them
 */
export function exportFlashMask(request: ExportRequest): Exported {
  const { tokens } = request.shape;
  const groups = groupsOf(request);
  checkExportSize('A FlashMask tensor', 16 * tokens * groups.length, ZIP_LIMIT, 'Use fewer tokens.');
  const { distinct, head } = plansOf(request);
  const masked = distinct.map(plan => {
    const rows = maskedRows(plan);
    if ('query' in rows) throw new RangeError('the mask is not of the class that FlashMask holds');
    return rows;
  });
  const { causal, width, fill } = formOf(masked, tokens);
  const data = new Int32Array(groups.length * tokens * width);
  for (const [at, [first = 0]] of groups.entries()) {
    const rows = masked[head[first] ?? 0];
    if (rows === undefined) continue;
    for (let key = 0; key < tokens; key++) data.set(fill(rows, key), (at * tokens + key) * width);
  }
  const contents = npzContents({
    startend_row_indices: fromInt32(data, [1, groups.length, tokens, width]),
    causal: { dtype: 'bool', shape: [], data: Uint8Array.of(causal ? 1 : 0) },
  });
  return { files: [{ extension: 'npz', contents }], addedPairs: 0 };
}

interface Form {
  readonly causal: boolean;
  readonly width: 1 | 2 | 4;
  readonly fill: (rows: MaskedRows, key: number) => readonly number[];
}

/** The shortest way to write some masks of `tokens` queries and keys. */
function formOf(masks: readonly MaskedRows[], tokens: number): Form {
  const keys = Array.from({ length: tokens }, (_, key) => key);
  const every = (holds: (rows: MaskedRows, key: number) => boolean): boolean =>
    masks.every(rows => keys.every(key => holds(rows, key)));
  const lower = ({ lowerFrom, lowerTo }: MaskedRows, key: number): [number, number] =>
    lowerFrom[key] === NONE ? [tokens, tokens] : [Number(lowerFrom[key]), Number(lowerTo[key])];
  const upper = ({ upperFrom, upperTo }: MaskedRows, key: number): [number, number] =>
    upperFrom[key] === NONE ? [0, 0] : [Number(upperFrom[key]), Number(upperTo[key])];
  const causal = every((rows, key) => upper(rows, key)[1] - upper(rows, key)[0] === key);
  const open = every((rows, key) => lower(rows, key)[1] === tokens);
  if (causal)
    return open
      ? { causal, width: 1, fill: (rows, key) => [lower(rows, key)[0]] }
      : { causal, width: 2, fill: (rows, key) => lower(rows, key) };
  if (open && every((rows, key) => upper(rows, key)[0] === 0))
    return { causal, width: 2, fill: (rows, key) => [lower(rows, key)[0], upper(rows, key)[1]] };
  return { causal, width: 4, fill: (rows, key) => [...lower(rows, key), ...upper(rows, key)] };
}

/** The masked rows of each key, or a pair with which a second run begins. Cost follows the keys that change from row to row. */
function maskedRows(plan: TilePlan): MaskedRows | Pair {
  const { queries, keys } = plan;
  const bounds = (): Int32Array => new Int32Array(keys).fill(NONE);
  const found = { lowerFrom: bounds(), lowerTo: bounds(), upperFrom: bounds(), upperTo: bounds() };
  const { lowerFrom, lowerTo, upperFrom, upperTo } = found;
  let second: Pair | undefined;
  let before: readonly number[] = [0, keys];
  const hidden = new Uint8Array(keys);
  for (const { row, runs } of maskRows(plan)) {
    if (second !== undefined) break;
    // A run that goes on across the diagonal is one above it and one from there on.
    if (hidden[row] === 1) {
      upperTo[row] = row;
      lowerFrom[row] = row;
    }
    forEachChange(before, runs, (from, to) => {
      for (let key = from; key < to; key++) {
        const isLower = row >= key;
        if (hidden[key] === 1) {
          hidden[key] = 0;
          // Nothing of it lies below.
          if (row === key) lowerFrom[key] = NONE;
          else (isLower ? lowerTo : upperTo)[key] = row;
        } else {
          hidden[key] = 1;
          const starts = isLower ? lowerFrom : upperFrom;
          if (starts[key] === NONE) starts[key] = row;
          else second ??= { query: row, key };
        }
      }
    });
    before = runs;
  }
  for (let key = 0; key < keys; key++) if (hidden[key] === 1) lowerTo[key] = queries;
  return second ?? found;
}

/** Calls `visit` with the stretches that are in one of two lists of runs and not in the other. */
function forEachChange(
  first: readonly number[],
  second: readonly number[],
  visit: (from: number, to: number) => void,
): void {
  let [a, b] = [0, 0];
  let open = -1;
  while (a < first.length || b < second.length) {
    const at = Math.min(first[a] ?? Number.POSITIVE_INFINITY, second[b] ?? Number.POSITIVE_INFINITY);
    // Each bound turns membership of its list over; two at one place turn over nothing between them.
    let turns = 0;
    if (first[a] === at) [a, turns] = [a + 1, turns + 1];
    if (second[b] === at) [b, turns] = [b + 1, turns + 1];
    if (turns === 2) continue;
    if (open < 0) open = at;
    else {
      visit(open, at);
      open = -1;
    }
  }
}
