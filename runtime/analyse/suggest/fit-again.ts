import { dynamicProposal } from './dynamic.ts';
import { type Look, measureAll } from './look.ts';
import type { Proposal } from './proposal.ts';
import type { Kept } from './verify.ts';

/** A proposal with what it has and keeps in each head. */
export interface MeasuredProposal {
  readonly proposal: Proposal;
  /** [layers * heads] */
  readonly kept: readonly Kept[];
}

/** A size of a pattern that chooses by content, and what it came to in all heads. */
interface Try {
  readonly size: number;
  /** Infinite when its masks were too large to compile. */
  readonly pairs: number;
  readonly recall: number;
}

/** How often other sizes are measured. */
const TRIES = 3;
/** A size with so many of the pairs that there may be is good enough. */
const NEARLY = 0.95;
/** Patterns that keep less than the best by this are given up. */
const HOPELESS = 0.05;

/**
 * Tries other sizes of the patterns that choose by content, where the first was found by looking at one head: what they have in
 * all heads may be more than there may be, or much less.
 *
 * @param first what they came to: place among the choosers, size, and what was kept (undefined: too large to compile)
 * @param full [layers] log-sum-exps of the baseline
 * @param most pairs of all heads
 * @param best recall of the best proposal that there is
 * @returns all of these sizes that were measured
 */
export async function fitAgain(
  look: Look,
  first: readonly { readonly chooser: number; readonly size: number; readonly kept: readonly Kept[] | undefined }[],
  full: readonly Float32Array[],
  most: number,
  best: number,
): Promise<readonly MeasuredProposal[]> {
  const { onProgress: _, ...options } = look.options;
  const quietly = { ...look, options };
  const fits = first.map(({ chooser, size, kept }) => ({ chooser, tries: [tryOf(size, kept)] }));
  const found: MeasuredProposal[] = [];
  for (let round = 0; round < TRIES; round++) {
    const wanted = fits.flatMap(({ chooser, tries }) => {
      const size = nextSize(tries, most, best - HOPELESS);
      return size === undefined
        ? []
        : [{ tries, size, proposal: dynamicProposal(look.shape.baseline, look.proposed, chooser, size) }];
    });
    if (wanted.length === 0) break;
    const measured = await measureAll(
      quietly,
      wanted.map(({ proposal }) => proposal),
      full,
    );
    for (const [at, { tries, size, proposal }] of wanted.entries()) {
      const kept = measured[at];
      tries.push(tryOf(size, kept));
      if (kept !== undefined) found.push({ proposal, kept });
    }
  }
  return found;
}

function tryOf(size: number, kept: readonly Kept[] | undefined): Try {
  if (kept === undefined) return { size, pairs: Number.POSITIVE_INFINITY, recall: 1 };
  const pairs = kept.reduce((sum, head) => sum + head.pairs, 0);
  return { size, pairs, recall: kept.reduce((sum, head) => sum + head.recall, 0) / kept.length };
}

/** A size between the largest that fits and the smallest that does not; undefined where none is worth a try. */
export function nextSize(tries: readonly Try[], most: number, least: number): number | undefined {
  let fitting: Try | undefined;
  let over: Try | undefined;
  for (const each of tries)
    if (each.pairs > most) over = over === undefined || each.size < over.size ? each : over;
    else fitting = fitting === undefined || each.size > fitting.size ? each : fitting;
  const nearest = fitting ?? over;
  if (nearest === undefined || nearest.recall < least) return undefined;
  if (fitting !== undefined && fitting.pairs >= NEARLY * most) return undefined;
  const smallest = (fitting?.size ?? 0) + 1;
  const largest = (over?.size ?? Number.POSITIVE_INFINITY) - 1;
  if (smallest > largest) return undefined;
  const wanted = Number.isFinite(nearest.pairs) ? (nearest.size * most) / Math.max(1, nearest.pairs) : nearest.size / 2;
  return Math.min(largest, Math.max(smallest, Math.floor(wanted)));
}
