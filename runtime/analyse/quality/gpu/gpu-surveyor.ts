import { isAbort, throwIfAborted } from '../../../attention/abort.ts';
import { type Device, firstLine } from '../../../attention/gpu/device.ts';
import { GpuError } from '../../../attention/gpu/gpu-error.ts';
import { type OpenGpu, useDevice } from '../../../attention/gpu/use-device.ts';
import { oneAtATime } from '../../../attention/one-at-a-time.ts';
import {
  addTotals,
  type HeadTotals,
  pairsSeen,
  type RowRange,
  type SurveyedHead,
  type Surveyor,
  type SurveyProgress,
} from '../survey.ts';
import { checkSurvey } from './check-survey.ts';
import { totalsOf } from './device-totals.ts';
import { HeadSurvey, KeptMask, largestBytes, type SurveyShaders, surveyShaders } from './head-survey.ts';
import { WORKGROUP_BYTES } from './wgsl/rows.ts';

/** Multiply-adds of the first portion, and pairs of any: long dispatches cannot be cancelled. */
const FIRST_PORTION = 2 ** 26;
const LARGEST_PAIRS = 2 ** 31;
/** Of the mask's bits in a portion: they are made on the processor. */
const MASK_BYTES = 2 ** 26;
const TARGET_MS = 100;
/** What the passes over a row cost, in numbers of a key. */
const PASSES = 64;
/** Multiply-adds of a head from which a device is worth being opened. */
const WORTH_OPENING = 2 ** 30;

export interface GpuSurveyorOptions {
  readonly open: OpenGpu;
  /** Looks at what the device does not. */
  readonly otherwise: Surveyor;
  /** Use the device even if software imitates it, and for small heads too. */
  readonly always?: boolean;
  /** Sizes that a device gets for its speed and memory. For tests. */
  readonly sizes?: SurveySizes;
}

export interface SurveySizes {
  /** The square root of how many threads look at a row together. */
  readonly side?: number;
  /** Rows whose scores are on the device together, at most. */
  readonly chunk?: number;
  /** Multiply-adds of a portion, which otherwise is fitted to the device's speed. */
  readonly portion?: number;
}

interface Opened {
  readonly device: Device;
  readonly shaders: SurveyShaders;
  readonly mask: KeptMask;
  /** Multiply-adds of a portion that takes about as long as it may. */
  portion: number;
  /** Is the portion to stay as it is? */
  readonly fixed: boolean;
  readonly chunk: number | undefined;
}

/**
 * Looks at heads on a graphics device: scores of some rows at a time become probabilities there, and only what is read off
 * them comes back. Sums of a row are float32, of the order of 1e-6 off; counts and the histogram are whole numbers. A device
 * is used after it has passed a check; what it fails at is left to another surveyor.
 */
export function createGpuSurveyor({ open, otherwise, always = false, sizes = {} }: GpuSurveyorOptions): Surveyor {
  const notes: string[] = [];
  let broken = false;
  const giveUp = (error: unknown): void => {
    broken = true;
    const reason = error instanceof Error ? firstLine(error.message) : String(error);
    notes.push(`Probabilities were not looked at on the graphics device: ${reason}`);
  };

  const used = useDevice(open, { always, missing: giveUp }, async (device): Promise<Opened> => {
    if (device.capability.workgroupBytes < WORKGROUP_BYTES)
      throw new GpuError('too-large', `its workgroups have less than ${WORKGROUP_BYTES} bytes of memory`);
    const opened = {
      device,
      shaders: await surveyShaders(device, sizes.side),
      mask: new KeptMask(),
      portion: sizes.portion ?? FIRST_PORTION,
      fixed: sizes.portion !== undefined,
      chunk: sizes.chunk,
    };
    await checkSurvey(head => survey(opened, head, {}));
    return opened;
  });

  async function surveyed(head: SurveyedHead, progress: SurveyProgress = {}): Promise<HeadTotals | undefined> {
    throwIfAborted(progress.signal);
    const cost = head.headDim * pairsSeen(head, { from: 0, to: head.queries });
    if (!broken && (always || cost >= WORTH_OPENING)) {
      try {
        const opened = await used.opened();
        if (opened !== undefined && fits(opened.device, head, 1)) return await survey(opened, head, progress);
      } catch (error) {
        if (isAbort(error)) throw error;
        giveUp(error);
      }
    }
    return otherwise.survey(head, progress);
  }

  return {
    survey: oneAtATime(surveyed),
    notes: () => [...notes, ...otherwise.notes()],
    dispose() {
      used.dispose();
      otherwise.dispose();
    },
  };
}

function fits({ device: { limits } }: Device, head: SurveyedHead, rows: number): boolean {
  return largestBytes(head, rows) <= Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
}

async function survey(opened: Opened, head: SurveyedHead, { signal, onProgress }: SurveyProgress): Promise<HeadTotals> {
  const { device } = opened;
  const { queries, headDim } = head;
  const perPair = headDim + PASSES;
  const on = new HeadSurvey(device, opened.shaders, opened.mask, head, opened.chunk);
  let sum: HeadTotals | undefined;
  try {
    for (let from = 0; from < queries; ) {
      throwIfAborted(signal);
      const range = { from, to: lastRow(opened, head, from) };
      const started = performance.now();
      const totals = totalsOf(await on.find(range), head, range);
      const factor = Math.min(8, Math.max(1 / 8, TARGET_MS / Math.max(1, performance.now() - started)));
      // A portion that was cut short by the end of the head says nothing about a larger one.
      const full = range.to < queries;
      if (!opened.fixed && (factor < 1 || full))
        opened.portion = Math.min(LARGEST_PAIRS * perPair, Math.max(perPair, opened.portion * factor));
      sum = sum === undefined ? totals : addTotals(sum, totals);
      from = range.to;
      onProgress?.(pairsSeen(head, { from: 0, to: from }) / pairsSeen(head, { from: 0, to: queries }));
    }
    if (sum === undefined) throw new RangeError('a head has rows');
    return sum;
  } catch (error) {
    // A lost device fails in many ways; its loss is what counts.
    if (device.lost()) await device.failure;
    throw error;
  } finally {
    on.dispose();
  }
}

/** Where the portion that begins at a row ends. */
function lastRow({ portion, device }: Opened, head: SurveyedHead, from: number): number {
  const most = Math.min(LARGEST_PAIRS, portion / (head.headDim + PASSES));
  const enough = (range: RowRange): boolean =>
    pairsSeen(head, range) > most ||
    (range.to - range.from) * head.keys > 8 * MASK_BYTES ||
    !fits(device, head, range.to - range.from);
  let low = from + 1;
  let high = head.queries;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (enough({ from, to: middle })) high = middle - 1;
    else low = middle;
  }
  return low;
}
