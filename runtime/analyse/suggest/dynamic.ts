import { oneHead } from '../../attention/one-head.ts';
import type { AttendOptions, AttentionInput } from '../../attention/types.ts';
import type { Baseline } from '../quality/baseline.ts';
import { by, call, type Expression, named } from '../recognise/expression.ts';
import { everywhere, type Proposal, type ProposalShape } from './proposal.ts';
import { pairsOfHead, partsOf } from './verify.ts';

/** Kinds of patterns that choose keys by content, each with one size. */
interface Chooser {
  readonly family: string;
  make(size: number): Expression;
  /** The size with about so many keys in a row. */
  about(keys: number): number;
}

/** Blocks of keys that are chosen, and columns for each diagonal. */
const BLOCKS = [16, 64];
const SHARES = [
  [1, 1],
  [1, 4],
  [4, 1],
] as const;
/** Columns and diagonals are not seen by all rows: what they have in the middle. */
const SEEN = 0.7;
/** Sizes that are tried until one has nearly as many pairs as there may be; heads that were not tried may have a little more. */
const TRIES = 4;
const NEARLY = 0.95;
const MARGIN = 0.98;

function choosers(baseline: Baseline, keys: number): Chooser[] {
  const within = named('within', call(baseline === 'causal' ? 'causal' : 'full'));
  return [
    ...BLOCKS.filter(size => size <= keys / 4).map(size => ({
      family: 'block top-k',
      make: (blocks: number) => call('block_topk', by('size', size), by('blocks', blocks), within),
      about: (each: number) => each / size,
    })),
    ...SHARES.map(([columns, diagonals]) => ({
      family: 'vertical-slash',
      make: (size: number) =>
        call(
          'vertical_slash',
          by('vertical', Math.min(keys, columns * size)),
          by('slash', Math.min(keys, diagonals * size)),
          within,
        ),
      about: (each: number) => each / (SEEN * (columns + diagonals)),
    })),
  ];
}

/**
 * The largest sizes at which patterns that choose by content have at most so many pairs in one head of a layer, which is known
 * only after they have chosen; undefined where even the smallest has more.
 *
 * @param most pairs of a head
 */
export async function dynamicSizes(
  baseline: Baseline,
  shape: ProposalShape,
  index: number,
  input: AttentionInput,
  most: number,
  options: AttendOptions,
): Promise<(number | undefined)[]> {
  const one: ProposalShape = { ...shape, heads: 1, kvHeads: 1 };
  const head = index % input.heads;
  const limit = shape.heads * shape.layers.length === 1 ? most : most * MARGIN;
  const sizes: (number | undefined)[] = [];
  for (const { family, make, about } of choosers(baseline, shape.keys)) {
    let best: { readonly size: number; readonly pairs: number } | undefined;
    let tooLarge = Number.POSITIVE_INFINITY;
    let size = Math.max(1, Math.floor(about(limit / shape.queries)));
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const proposal = everywhere(family, make(size), one, true);
      const parts = await partsOf(proposal, one, index, oneHead(input, head), options);
      const pairs = parts === undefined ? Number.POSITIVE_INFINITY : pairsOfHead(parts, 0, input.queries);
      if (pairs > limit) tooLarge = Math.min(tooLarge, size);
      else if (best === undefined || pairs > best.pairs) best = { size, pairs };
      if (best !== undefined && (best.pairs >= NEARLY * limit || best.size + 1 >= tooLarge)) break;
      const wanted = Number.isFinite(pairs) ? Math.floor((size * limit) / Math.max(1, pairs)) : Math.floor(size / 2);
      const next = Math.min(tooLarge - 1, Math.max((best?.size ?? 0) + 1, wanted));
      if (next < 1 || next === size) break;
      size = next;
    }
    sizes.push(best?.size);
  }
  return sizes;
}

/** The pattern of a size of one of the kinds, by its place in the order of `dynamicSizes`. */
export function dynamicProposal(baseline: Baseline, shape: ProposalShape, chooser: number, size: number): Proposal {
  const chosen = choosers(baseline, shape.keys)[chooser];
  if (chosen === undefined) throw new RangeError(`there is no kind ${chooser} of patterns that choose by content`);
  return everywhere(chosen.family, chosen.make(size), shape, true);
}
