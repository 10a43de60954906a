import { isAbort, throwIfAborted } from '../../attention/abort.ts';
import { firstLine } from '../../attention/gpu/device.ts';
import { type OpenGpu, useDevice } from '../../attention/gpu/use-device.ts';
import { oneAtATime } from '../../attention/one-at-a-time.ts';
import { allBlocks } from '../rows/choose-rows.ts';
import type { ChosenRows } from '../rows/chosen-rows.ts';
import { type RowProgress, type RowRequest, type RowSelector, scoresCost } from '../rows/row-rule.ts';
import { onlyRows, withRows } from '../rows/some-rows.ts';
import { checkChoice } from './check-choice.ts';
import { scoreErrors } from './error-bound.ts';
import { largestSieve } from './largest-sieve.ts';
import { massSieve } from './mass-sieve.ts';
import { rowShaders, ScoreRoom } from './row-search.ts';
import { fits, type Opened, search } from './search.ts';
import type { Sieve } from './sieve.ts';

/** Multiply-adds from which a device is worth being opened, in all that was asked for, and being sent a request. */
const WORTH_OPENING = 2 ** 32;
const WORTH_SENDING = 2 ** 26;
/**
 * Keys that are scored for a row, on average, from which a device is quicker than the processor: each row that is sent and
 * comes back costs the processor as much as some hundred scores of its own.
 */
const KEYS_FROM = 1024;

export interface GpuRowOptions {
  readonly open: OpenGpu;
  /** Chooses what the device does not. */
  readonly otherwise: RowSelector;
  /** Use the device even if software imitates it, and for small choices too. */
  readonly always?: boolean;
  /** Keys of a row, on average, from which the device is used. */
  readonly keysFrom?: number;
}

/**
 * Chooses keys on a graphics device: it scores tiles in float32 and sifts each row with a proven bound on the error; what the
 * bound leaves open is settled here in float64, so that the keys are those of every other selector. A device is used after it
 * has passed a check. Rows of which too much is open, and what the device fails at, are left to another selector.
 */
export function createGpuRowSelector({
  open,
  otherwise,
  always = false,
  keysFrom = KEYS_FROM,
}: GpuRowOptions): RowSelector {
  const notes: string[] = [];
  let broken = false;
  let asked = 0;
  const giveUp = (reason: string): void => {
    broken = true;
    notes.push(`Keys were not chosen on the graphics device: ${reason}`);
  };

  const used = useDevice(open, { always, missing: giveUp }, async (device): Promise<Opened> => {
    const opened = { device, shaders: await rowShaders(device), scores: new ScoreRoom(device.device) };
    // What it finds out about the device's speed on so little is forgotten.
    await checkChoice(async request => {
      const sieve = sieveOf(request);
      if (sieve === undefined) throw new Error('it has no way to choose in a small test');
      return search({ ...opened }, request, sieve, {});
    });
    return opened;
  });

  async function choose(request: RowRequest, progress: RowProgress = {}): Promise<ChosenRows> {
    throwIfAborted(progress.signal);
    const cost = scoresCost(request, 0, allBlocks(request).to);
    asked += cost;
    const worth = cost >= keysFrom * request.q.length && (always || (asked >= WORTH_OPENING && cost >= WORTH_SENDING));
    if (!broken && worth) {
      try {
        const opened = await used.opened();
        const sieve = opened && fits(opened, request) ? sieveOf(request) : undefined;
        if (opened !== undefined && sieve !== undefined) {
          const { chosen, left } = await search(opened, request, sieve, progress);
          if (left.length === 0) return chosen;
          return withRows(chosen, left, await leave(onlyRows(request, left), progress), request.candidates);
        }
      } catch (error) {
        if (isAbort(error)) throw error;
        giveUp(error instanceof Error ? firstLine(error.message) : String(error));
      }
    }
    return otherwise.choose(request, progress);
  }

  function leave(request: RowRequest, { signal }: RowProgress): Promise<ChosenRows> {
    return otherwise.choose(request, { signal });
  }

  return {
    choose: oneAtATime(choose),
    notes: () => [...notes, ...otherwise.notes()],
    dispose() {
      used.dispose();
      otherwise.dispose();
    },
  };
}

/** How a device sifts the rows of a request; undefined where float32 does not do. */
function sieveOf({ rule, q, k, headDim, candidates }: RowRequest): Sieve | undefined {
  if (rule.kind === 'mass' && !(rule.mass < 1 && rule.scale > 0 && Math.fround(rule.scale) < Number.POSITIVE_INFINITY))
    return undefined;
  const errors = scoreErrors(q, k, headDim);
  if (errors === undefined) return undefined;
  return rule.kind === 'largest'
    ? largestSieve(rule.keys, errors)
    : massSieve(rule.mass, rule.scale, { errors, headDim, tokens: candidates.keys });
}
