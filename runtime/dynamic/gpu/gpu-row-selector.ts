import { isAbort, throwIfAborted } from '../../attention/abort.ts';
import { type Device, openDevice } from '../../attention/gpu/device.ts';
import { oneAtATime } from '../../attention/one-at-a-time.ts';
import { type KeySet, keySet } from '../key-sets.ts';
import { allBlocks } from '../rows/choose-rows.ts';
import { PlainRows } from '../rows/plain-rows.ts';
import { CANDIDATE_TILE, type RowProgress, type RowRequest, type RowSelector, scoresCost } from '../rows/row-rule.ts';
import { scoreErrors } from './error-bound.ts';
import { type Found, largestBytes, RowSearch, type RowShaders, rowShaders } from './row-search.ts';
import { settle } from './settle.ts';

/** Multiply-adds of the first portion, and of any: long dispatches cannot be cancelled. */
const FIRST_PORTION = 2 ** 24;
const LARGEST_PORTION = 2 ** 36;
const TARGET_MS = 100;
/** Scores that are on the device at a time. */
const SCORE_BYTES = 2 ** 28;
/** What is added to twice the error, for the rounding of the bounds themselves. */
const SLACK = 2.5;

/** Multiply-adds from which a device is worth being opened. */
const WORTH_OPENING = 2 ** 32;

export interface GpuRowOptions {
  /** WebGPU, or why there is none. */
  readonly open: () => Promise<{ readonly gpu: GPU } | { readonly reason: string }>;
  /** Chooses what the device does not. */
  readonly otherwise: RowSelector;
  /** Use the device even if software imitates it, and for small choices too. */
  readonly always?: boolean;
}

interface Opened {
  readonly device: Device;
  readonly shaders: RowShaders;
}

/**
 * Chooses the largest scores on a graphics device: it scores tiles in float32 and sifts each row with a proven bound on the
 * error; what the bound leaves open is settled here in float64, so that the keys are those of every other selector. All else,
 * and what the device fails at, is left to another selector.
 */
export function createGpuRowSelector({ open, otherwise, always = false }: GpuRowOptions): RowSelector {
  const notes: string[] = [];
  let opening: Promise<Opened | undefined> | undefined;
  let broken = false;
  const giveUp = (reason: string): void => {
    broken = true;
    notes.push(`Keys were not chosen on the graphics device: ${reason}`);
  };

  async function start(): Promise<Opened | undefined> {
    const found = await open();
    if ('reason' in found) {
      if (always) giveUp(found.reason);
      return undefined;
    }
    const device = await openDevice(found.gpu);
    if (device.imitated && !always) {
      device.device.destroy();
      return undefined;
    }
    return { device, shaders: await rowShaders(device) };
  }

  async function choose(request: RowRequest, progress: RowProgress = {}): Promise<readonly KeySet[]> {
    throwIfAborted(progress.signal);
    const { rule, q, k, headDim } = request;
    const cost = scoresCost(request, 0, allBlocks(request).to);
    if (!broken && rule.kind === 'largest' && (always || cost >= WORTH_OPENING)) {
      try {
        opening ??= start();
        const opened = await opening;
        const errors = opened && scoreErrors(q, k, headDim);
        if (opened !== undefined && errors !== undefined && fits(opened.device, request))
          return await search(opened, request, { keys: rule.keys, errors, progress });
      } catch (error) {
        if (isAbort(error)) throw error;
        giveUp(error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error));
      }
    }
    return otherwise.choose(request, progress);
  }

  return {
    choose: oneAtATime(choose),
    notes: () => [...notes, ...otherwise.notes()],
    dispose() {
      void opening?.then(
        opened => opened?.device.device.destroy(),
        () => {},
      );
      otherwise.dispose();
    },
  };
}

function limitOf({ device: { limits } }: Device): number {
  return Math.min(SCORE_BYTES, limits.maxStorageBufferBindingSize, limits.maxBufferSize);
}

/** Does the longest row block fit on the device? */
function fits(opened: Device, request: RowRequest): boolean {
  const { to } = allBlocks(request);
  for (let block = 0; block < to; block++)
    if (largestBytes(request, { from: block, to: block + 1 }) > limitOf(opened)) return false;
  return true;
}

interface Search {
  readonly keys: number;
  readonly errors: Float64Array;
  readonly progress: RowProgress;
}

async function search(
  { device: opened, shaders }: Opened,
  request: RowRequest,
  { keys, errors, progress: { signal, onProgress } }: Search,
): Promise<readonly KeySet[]> {
  const { to: blocks } = allBlocks(request);
  const limit = limitOf(opened);
  const on = new RowSearch(opened, shaders, request, keys, row => SLACK * (errors[row] ?? 0));
  const sets: KeySet[] = [];
  let rows: PlainRows | undefined;
  const plain = (): PlainRows => {
    rows ??= new PlainRows(request);
    return rows;
  };
  let portion = FIRST_PORTION;
  try {
    for (let from = 0; from < blocks; ) {
      throwIfAborted(signal);
      let to = from + 1;
      while (
        to < blocks &&
        scoresCost(request, from, to + 1) <= portion &&
        largestBytes(request, { from, to: to + 1 }) <= limit
      )
        to++;
      const started = performance.now();
      const found = await on.find({ from, to });
      const factor = Math.min(4, Math.max(1 / 4, TARGET_MS / Math.max(1, performance.now() - started)));
      portion = Math.min(LARGEST_PORTION, Math.max(1, portion * factor));
      addSets(request, keys, found, plain, sets);
      from = to;
      onProgress?.(scoresCost(request, 0, from) / scoresCost(request, 0, blocks));
    }
    return sets;
  } catch (error) {
    // A lost device fails in many ways; its loss is what counts.
    if (opened.lost()) await opened.failure;
    throw error;
  } finally {
    on.dispose();
  }
}

/** Settles the rows that were found, which come after those that are there, and adds their keys. */
function addSets(request: RowRequest, wanted: number, { words, room }: Found, plain: () => PlainRows, sets: KeySet[]) {
  const { candidates, q, k, headDim } = request;
  const { queries, keys } = CANDIDATE_TILE;
  for (let at = 0; at < words.length; at += room + 2) {
    const row = sets.length;
    const count = words[at] ?? 0;
    if (count > room) {
      // More scores are alike than there is room for.
      sets.push(keySet(plain().choose(row), candidates.keys));
      continue;
    }
    const first = candidates.rowStart[Math.floor(row / queries)] ?? 0;
    const keyAt = (place: number): number =>
      (candidates.column[first + Math.floor(place / keys)] ?? 0) * keys + (place % keys);
    const scoreOf = (key: number): number => {
      let dot = 0;
      for (let d = 0; d < headDim; d++) dot += (q[row * headDim + d] as number) * (k[key * headDim + d] as number);
      return dot;
    };
    const places = words.subarray(at + 2, at + 2 + count);
    sets.push(keySet(settle(places, words[at + 1] ?? 0, wanted, keyAt, scoreOf), candidates.keys));
  }
}
