import type { AttentionInput } from '../../attention/types.ts';
import type { Baseline } from '../quality/baseline.ts';
import { by, call, type Expression, named } from '../recognise/expression.ts';
import { everywhere, type Proposal, type ProposalShape } from './proposal.ts';
import { pairsOfHead, partsOf } from './verify.ts';

/** Kinds of patterns that choose keys by content, each with one size. */
interface Chooser {
  readonly family: string;
  make(size: number): Expression;
}

/** Blocks of keys that are chosen, and columns for each diagonal. */
const BLOCKS = [16, 64];
const SHARES = [
  [1, 1],
  [1, 4],
  [4, 1],
] as const;
/** Sizes that are tried until one has nearly as many pairs as there may be. */
const TRIES = 5;
const NEARLY = 0.97;

function choosers(baseline: Baseline, keys: number): Chooser[] {
  const within = named('within', call(baseline === 'causal' ? 'causal' : 'full'));
  return [
    ...BLOCKS.filter(size => size <= keys / 4).map(size => ({
      family: 'block top-k',
      make: (blocks: number) => call('block_topk', by('size', size), by('blocks', blocks), within),
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
    })),
  ];
}

/**
 * The largest sizes at which patterns that choose by content have at most so many pairs in a layer, which is known only after
 * they have chosen; undefined where even the smallest has more.
 *
 * @param most pairs of all heads of the layer
 */
export async function dynamicSizes(
  baseline: Baseline,
  shape: ProposalShape,
  index: number,
  input: AttentionInput,
  most: number,
): Promise<(number | undefined)[]> {
  const sizes: (number | undefined)[] = [];
  for (const { family, make } of choosers(baseline, shape.keys)) {
    let best: { readonly size: number; readonly pairs: number } | undefined;
    let tooLarge = Number.POSITIVE_INFINITY;
    let size = Math.max(1, Math.round(most / (input.heads * shape.queries * 4)));
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const parts = await partsOf(everywhere(family, make(size), shape, true), shape, index, input);
      let pairs = 0;
      for (let head = 0; head < input.heads && parts !== undefined; head++)
        pairs += pairsOfHead(parts, head, input.queries);
      if (parts === undefined || pairs > most) tooLarge = Math.min(tooLarge, size);
      else if (best === undefined || pairs > best.pairs) best = { size, pairs };
      if (best !== undefined && (best.pairs >= NEARLY * most || best.size + 1 >= tooLarge)) break;
      const wanted = parts === undefined ? Math.floor(size / 2) : Math.floor((size * most) / Math.max(1, pairs));
      const next = Math.min(tooLarge - 1, Math.max((best?.size ?? 0) + 1, wanted));
      if (next < 1 || next === size) break;
      size = next;
    }
    sizes.push(best?.size);
  }
  return sizes;
}

/** Patterns of these sizes, one size for each kind in the order of `dynamicSizes`. */
export function dynamicProposals(
  baseline: Baseline,
  shape: ProposalShape,
  sizes: readonly (number | undefined)[],
): Proposal[] {
  return choosers(baseline, shape.keys).flatMap(({ family, make }, index) => {
    const size = sizes[index];
    return size === undefined ? [] : [everywhere(family, make(size), shape, true)];
  });
}
