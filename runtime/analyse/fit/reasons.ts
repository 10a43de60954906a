import type { TileSize } from '../../compile/mask-tree.ts';
import { buildMaskTree } from '../../compile/mask-tree.ts';
import { bindPattern } from '../../pattern/bind.ts';
import { compareTrees } from '../compare.ts';
import { patternOf } from '../recognise/expression.ts';
import { expressionOf, type Part } from '../recognise/parts.ts';
import { bandOf } from '../recognise/propose-distances.ts';
import { View } from '../recognise/view.ts';
import { type Fit, firstReason, no } from './library.ts';
import { differingHeads, type FitMask, type FitSubject } from './subject.ts';

/** Reasons that several libraries share: each is undefined where it does not apply. */

/** One mask serves all heads. */
export function headsDiffer(subject: FitSubject): Fit | undefined {
  const found = differingHeads(subject, 'layer');
  return found && no(`one mask serves all heads, but heads ${found.heads[0]} and ${found.heads[1]} differ`, found.pair);
}

/** Query heads that share keys share the mask. */
export function groupsDiffer(subject: FitSubject): Fit | undefined {
  const found = differingHeads(subject, 'group');
  return (
    found &&
    no(`heads ${found.heads[0]} and ${found.heads[1]} share keys and must share the mask, but differ`, found.pair)
  );
}

export function seesTheFuture({ masks }: FitSubject): Fit | undefined {
  for (const { causal } of masks)
    if (!causal.holds) {
      const { query, key } = causal.counterexample;
      return no(`it is causal only, but query ${query} sees key ${key}`, causal.counterexample);
    }
  return undefined;
}

/** One mask for all heads, which ends at the last key and sees only the past. */
export function isNoCausalLayer(subject: FitSubject): Fit | undefined {
  return firstReason(
    () => headsDiffer(subject),
    () => isNotAlignedToTheEnd(subject),
    () => seesTheFuture(subject),
  );
}

export function hasEmptyQuery({ masks }: FitSubject): Fit | undefined {
  for (const { noEmptyQuery } of masks)
    if (!noEmptyQuery.holds) return no(`a query without keys is not allowed: query ${noEmptyQuery.counterexample}`);
  return undefined;
}

/** As many queries as keys. */
export function isNotSquare({ shape }: FitSubject): Fit | undefined {
  return shape.queries === shape.tokens
    ? undefined
    : no(`as many queries as keys are needed, but there are ${shape.queries} and ${shape.tokens}`);
}

/** The last query stands at the last key. */
export function isNotAlignedToTheEnd({ shape }: FitSubject): Fit | undefined {
  return shape.offset + shape.queries === shape.tokens
    ? undefined
    : no('the last query stands at the last key, but here queries are aligned to the start');
}

export function isNoMultiple({ shape }: FitSubject, block: number): Fit | undefined {
  return shape.tokens % block === 0 && shape.queries % block === 0
    ? undefined
    : no(`the length must be a multiple of ${block}, but is ${shape.tokens}`);
}

/** Whole blocks; `cut`: those on the diagonal up to it. */
export function breaksBlocks({ masks }: FitSubject, tile: TileSize, cut: boolean): Fit | undefined {
  const size = `${tile.queries} x ${tile.keys}`;
  for (const mask of masks) {
    const broken = mask.brokenTile(tile, cut);
    if (broken === undefined) continue;
    const { held, missing } = broken;
    return no(
      `it takes whole blocks of ${size}${cut ? ' cut to the past' : ''}, but of one block query ${held.query} sees key ${held.key} and query ${missing.query} does not see key ${missing.key}`,
      missing,
    );
  }
  return undefined;
}

/** What stops a mask from being one window `i - before <= j <= i + after` for all queries. */
export function isNoWindow(mask: FitMask): Fit {
  const { contiguous } = mask.rows;
  if (!contiguous.holds) {
    const { query, before, missing, after } = contiguous.counterexample;
    return no(
      `the keys of a query are one window, but query ${query} sees keys ${before} and ${after} and not ${missing}`,
      { query, key: missing },
    );
  }
  const square = { ...mask.shape, queries: mask.shape.tokens, offset: 0 };
  const tree = buildMaskTree(mask.mask, square);
  const band = bandOf(new View(tree, mask.causal.holds));
  if (band === undefined) return no('the window goes around the query itself, but some query does not see itself');
  const part: Part = { kind: 'band', ...band };
  const window = patternOf(expressionOf({ parts: [part], causal: false, n: square.tokens }));
  const { difference } = compareTrees(tree, buildMaskTree(bindPattern(window, square), square));
  if (difference === undefined) return no('this window cannot be given');
  const { query, key, heldBy } = difference;
  return no(
    heldBy === 'first'
      ? `the window is the same for all queries, but query ${query} sees key ${key} and others see no key so far away`
      : `the window is the same for all queries, but query ${query} does not see key ${key} and others see keys as far away`,
    { query, key },
  );
}

/** The window of a mask that is one; `undefined` bounds are those of the sequence. */
export function windowOf(
  mask: FitMask,
): { readonly before: number | undefined; readonly after: number | undefined } | undefined {
  const [part, ...others] = mask.whole?.parts ?? [];
  if (part?.kind !== 'band' || others.length > 0) return undefined;
  const last = mask.shape.tokens - 1;
  return {
    before: part.before >= last ? undefined : part.before,
    after: part.after >= last ? undefined : part.after,
  };
}
