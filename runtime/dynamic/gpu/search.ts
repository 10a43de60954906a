import { throwIfAborted } from '../../attention/abort.ts';
import type { Device } from '../../attention/gpu/device.ts';
import { allBlocks, type BlockRange } from '../rows/choose-rows.ts';
import { type ChosenRows, RowList } from '../rows/chosen-rows.ts';
import { CANDIDATE_TILE, type RowProgress, type RowRequest, scoresCost } from '../rows/row-rule.ts';
import { type Found, largestBytes, RowSearch, type RowShaders, type ScoreRoom } from './row-search.ts';
import type { Sieve } from './sieve.ts';
import { UNLISTED } from './wgsl/shared.ts';

/** Multiply-adds of the first portion, and of any: long dispatches cannot be cancelled. */
const FIRST_PORTION = 2 ** 24;
const LARGEST_PORTION = 2 ** 36;
const TARGET_MS = 100;
/** Scores that are on the device at a time. */
const SCORE_BYTES = 2 ** 28;
/** Portions of a request at least, so that one is settled while the device has the next. */
const PORTIONS = 4;
/** When this share of the rows so far was left, the others are left too. */
const HOPELESS = 1 / 2;

/** A device with its shaders, how much it does in a tenth of a second, and room for scores. */
export interface Opened {
  readonly device: Device;
  readonly shaders: RowShaders;
  readonly scores: ScoreRoom;
  portion?: number;
}

/** What was chosen on a device, and the rows, ascending, that were left: they are not among those chosen. */
export interface Searched {
  readonly chosen: ChosenRows;
  readonly left: readonly number[];
}

/** Does the longest row block fit on the device? */
export function fits({ device }: Opened, request: RowRequest): boolean {
  const { to } = allBlocks(request);
  for (let block = 0; block < to; block++)
    if (largestBytes(request, { from: block, to: block + 1 }) > limitOf(device)) return false;
  return true;
}

function limitOf({ device: { limits } }: Device): number {
  return Math.min(SCORE_BYTES, limits.maxStorageBufferBindingSize, limits.maxBufferSize);
}

/**
 * Sifts the rows of a request on a device, in portions, and settles those of one portion here while the device has the next.
 *
 * @throws GpuError when memory runs out or the device fails
 * @throws DOMException named AbortError when the signal fires
 */
export async function search(
  opened: Opened,
  request: RowRequest,
  sieve: Sieve,
  { signal, onProgress }: RowProgress,
): Promise<Searched> {
  const { device } = opened;
  const { to: blocks } = allBlocks(request);
  const { queries } = request.candidates;
  const on = new RowSearch(opened, request, sieve);
  const list = new RowList(request.candidates.keys);
  const left: number[] = [];
  const next = (from: number): { readonly range: BlockRange; readonly found: Promise<Found> } | undefined => {
    if (from === blocks) return undefined;
    const range = rangeFrom(opened, request, from);
    const started = performance.now();
    const found = on.find(range).then(result => {
      const factor = Math.min(4, Math.max(1 / 4, TARGET_MS / Math.max(1, performance.now() - started)));
      opened.portion = Math.min(LARGEST_PORTION, Math.max(1, (opened.portion ?? FIRST_PORTION) * factor));
      return result;
    });
    // It may fail while the portion before is settled.
    found.catch(() => {});
    return { range, found };
  };
  let portion = next(0);
  try {
    while (portion !== undefined) {
      const { range, found } = portion;
      const result = await found;
      throwIfAborted(signal);
      portion = next(range.to);
      settle(request, sieve, { first: range.from * CANDIDATE_TILE.queries, found: result }, { list, left });
      const rows = Math.min(queries, range.to * CANDIDATE_TILE.queries);
      if (left.length > HOPELESS * rows) {
        for (let row = rows; row < queries; row++) left.push(row);
        break;
      }
      onProgress?.(scoresCost(request, 0, range.to) / scoresCost(request, 0, blocks));
    }
    throwIfAborted(signal);
    return { chosen: list.done(), left };
  } catch (error) {
    // A lost device fails in many ways; its loss is what counts.
    if (device.lost()) await device.failure;
    throw error;
  } finally {
    // What it works with must not be taken away from a portion that nobody waits for any more.
    await portion?.found.catch(() => {});
    on.dispose();
  }
}

/** As many row blocks as the device may have at a time. */
function rangeFrom({ device, portion = FIRST_PORTION }: Opened, request: RowRequest, from: number): BlockRange {
  const { to: blocks } = allBlocks(request);
  const limit = limitOf(device);
  const most = Math.min(portion, scoresCost(request, 0, blocks) / PORTIONS);
  let to = from + 1;
  while (
    to < blocks &&
    scoresCost(request, from, to + 1) <= most &&
    largestBytes(request, { from, to: to + 1 }) <= limit
  )
    to++;
  return { from, to };
}

/** Settles rows that come after those that are there: their keys, or that they are left. */
function settle(
  { candidates, q, k, headDim }: RowRequest,
  sieve: Sieve,
  { first, found }: { readonly first: number; readonly found: Found },
  { list, left }: { readonly list: RowList; readonly left: number[] },
): void {
  const bits = Math.ceil(candidates.keys / 32);
  found.cuts.forEach((cut, index) => {
    const row = first + index;
    const start = found.starts[index] ?? UNLISTED;
    const certainFrom = start + cut.doubtful;
    if (cut.places === 0) {
      list.add(new Uint32Array(0));
      return;
    }
    const taken =
      start === UNLISTED
        ? undefined
        : sieve.settle({
            ...{ row, cut, keys: found.words.subarray(start, certainFrom) },
            scoreOf(key) {
              let dot = 0;
              for (let d = 0; d < headDim; d++)
                dot += (q[row * headDim + d] as number) * (k[key * headDim + d] as number);
              return dot;
            },
          });
    const certain = cut.places - cut.doubtful;
    if (taken === undefined) left.push(row);
    else list.addBoth(found.words.subarray(certainFrom, certainFrom + Math.min(certain, bits)), certain, taken);
  });
}
