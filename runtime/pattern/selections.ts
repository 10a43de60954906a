import { N, times } from './growth.ts';
import type { BoundArguments, Parameter, Primitive, SymbolicArguments, Term } from './primitive.ts';
import type { Shape } from './shape.ts';

/**
 * Dynamic primitives: they choose keys by content, from queries and keys that exist only when attention runs. Without
 * those their meaning is a budget and the candidates they choose from.
 */

function within(everything: 'full()' | 'causal()'): Parameter {
  return { name: 'within', type: 'pattern', documentation: 'The candidates to choose from.', default: everything };
}

const seed: Parameter = {
  name: 'seed',
  type: 'number',
  documentation: 'Another seed starts from other random numbers.',
  default: '0',
  integer: true,
  min: 0,
};

const NEEDS_DATA = ' It chooses by content: its pairs are known only for given queries and keys.';

/** The candidates, once all other arguments were looked at. */
function candidates(args: BoundArguments, shape: Shape, ...numbers: readonly string[]) {
  for (const name of numbers) args.number(name);
  return args.bind(args.pattern('within'), shape);
}

/** No method here chooses from more than its candidates; `term` bounds what it keeps. */
function kept(term: Term): (args: SymbolicArguments) => readonly Term[] {
  return () => [term];
}

export const topk: Primitive = {
  name: 'topk',
  summary: 'Every query attends to the keys with the largest scores.',
  condition: 'j is one of the `keys` candidates with the largest q_i . k_j',
  details: `Ties go to the smaller j.${NEEDS_DATA}`,
  source: 'Gupta et al., Memory-efficient Transformers via Top-k Attention, 2021',
  parameters: [
    { name: 'keys', type: 'number', unit: 'keys', documentation: 'Keys that each query keeps.', integer: true, min: 1 },
    within('full()'),
  ],
  snippets: ['topk(${1:64})', 'topk(${1:64}, within: ${2:causal()})'],
  example: 'topk(64, within: causal())',
  bind: (args, shape) => candidates(args, shape, 'keys'),
  terms: args => [times(N, args.term('keys'))],
  selects: { most: (args, shape) => shape.queries * Math.min(shape.tokens, args.number('keys')) },
};

export const threshold: Primitive = {
  name: 'threshold',
  summary: 'Every query attends to the fewest keys that together hold a share of its attention.',
  condition: 'j is among the fewest candidates, by descending score, whose softmax mass reaches `mass`',
  details: `The largest score is always kept, ties go to the smaller j, and a mass of 1 keeps all candidates.${NEEDS_DATA}`,
  source: '',
  parameters: [
    { name: 'mass', type: 'number', documentation: 'Share of the softmax to reach, more than 0 and at most 1.' },
    within('full()'),
  ],
  snippets: ['threshold(${1:0.95})'],
  example: 'threshold(0.95, within: causal())',
  bind(args, shape) {
    const mass = args.number('mass');
    if (!(mass > 0 && mass <= 1)) throw args.error('mass', `mass must be more than 0 and at most 1, got ${mass}`);
    return candidates(args, shape);
  },
  terms: kept({ n: 2, log: 0, factors: {} }),
  selects: { most: (_args, shape) => shape.queries * shape.tokens },
};

export const blockTopk: Primitive = {
  name: 'block_topk',
  summary: 'Every block of queries attends to the blocks of keys that fit it best on average.',
  condition: 'the block of j is the block of i or one of the `blocks - 1` best others by mean query . mean key',
  details:
    'The block of the query itself comes first, and counts as one of `blocks`; ties go to the earlier block. A block is a candidate when any of its pairs with the ' +
    `query block is.${NEEDS_DATA}`,
  source: 'Lu et al., MoBA, 2025; Yuan et al., Native Sparse Attention, 2025',
  parameters: [
    { name: 'size', type: 'number', unit: 'tokens', documentation: 'Tokens of a block.', integer: true, min: 1 },
    {
      name: 'blocks',
      type: 'number',
      unit: 'blocks',
      documentation: 'Key blocks that each query block keeps, its own among them.',
      integer: true,
      min: 1,
    },
    within('full()'),
  ],
  snippets: ['block_topk(${1:64}, ${2:16})'],
  example: 'block_topk(64, 16, within: causal())',
  bind: (args, shape) => candidates(args, shape, 'size', 'blocks'),
  terms: args => [times(N, args.term('size'), args.term('blocks'))],
  selects: {
    most: (args, shape) => shape.queries * Math.min(shape.tokens, args.number('size') * args.number('blocks')),
  },
};

export const lsh: Primitive = {
  name: 'lsh',
  summary: 'Every query attends to the keys that fall into its hash bucket in any round.',
  condition: 'i and j share a bucket in one of `rounds` rounds, or i == j',
  details:
    'The bucket of a query or key x is the place of the largest entry of [xR; -xR], of equal ones the first; its length does not matter. R is [head_dim, buckets / 2]: entry (d, c) of round t ' +
    'is the sum of the sixteen bytes of Philox4x32-10 with counter `(c, d, t, 0)` and key `(seed mod 2**32, floor(seed / 2**32))`, less 2040, which is nearly normal and the same on every machine, head and layer. ' +
    `A query always keeps its own key where \`within\` allows it; one bucket keeps all candidates.${NEEDS_DATA}`,
  source: 'Kitaev et al., Reformer, 2020',
  parameters: [
    { name: 'buckets', type: 'number', documentation: 'Buckets of a round; an even number.', integer: true, min: 1 },
    {
      name: 'rounds',
      type: 'number',
      documentation: 'Rounds of hashing; more find more.',
      default: '1',
      integer: true,
      min: 1,
    },
    seed,
    within('full()'),
  ],
  snippets: ['lsh(${1:64})', 'lsh(${1:64}, rounds: ${2:4})'],
  example: 'lsh(64, rounds: 4)',
  bind(args, shape) {
    const buckets = args.number('buckets');
    if (buckets > 1 && buckets % 2 !== 0)
      throw args.error('buckets', `buckets must be an even number (each direction has an opposite), got ${buckets}`);
    return candidates(args, shape, 'rounds', 'seed');
  },
  terms: kept({ n: 2, log: 0, factors: {} }),
  // Nothing keeps all vectors from falling into one bucket.
  selects: { most: (_args, shape) => shape.queries * shape.tokens },
};

export const routing: Primitive = {
  name: 'routing',
  summary: 'Every query attends to the keys of its cluster.',
  condition: 'i and j are in the same cluster',
  details:
    'Clusters come from spherical k-means over the normalised queries and keys of a head: each joins the centre with the largest dot product, of equal ones the first, and `iterations` times centres move to the direction of ' +
    'the sum of their vectors. The first centres are drawn as k-means++ does, from queries and then keys in order, with chances in proportion to 1 - the largest dot product with the centres before; draw t is the first 53 bits of Philox4x32-10 ' +
    `with counter \`(t, 0, 0, 0)\` and key \`(seed mod 2**32, floor(seed / 2**32))\`. Without \`top\` clusters have any size, and a query whose cluster has no keys attends to nothing. With it each cluster takes as many, ties to the smaller position, so that a token may be in several clusters or in none, as in the paper.${NEEDS_DATA}`,
  source: 'Roy et al., Routing Transformer, 2020',
  parameters: [
    { name: 'clusters', type: 'number', documentation: 'Number of clusters.', integer: true, min: 1 },
    { name: 'iterations', type: 'number', documentation: 'Rounds of k-means.', default: '8', integer: true, min: 1 },
    seed,
    within('full()'),
    {
      name: 'top',
      type: 'number',
      unit: 'tokens',
      documentation:
        'Balanced clusters: each takes the `top` queries and the `top` keys that are nearest to its centre.',
      optional: true,
      integer: true,
      min: 1,
    },
  ],
  snippets: ['routing(${1:64})', 'routing(${1:64}, top: ${2:256})'],
  example: 'routing(64)',
  bind: (args, shape) => candidates(args, shape, 'clusters', 'iterations', 'seed', ...(args.has('top') ? ['top'] : [])),
  terms: kept({ n: 2, log: 0, factors: {} }),
  selects: {
    most(args, shape) {
      const all = shape.queries * shape.tokens;
      return args.has('top') ? Math.min(all, args.number('clusters') * args.number('top') ** 2) : all;
    },
  },
};

export const verticalSlash: Primitive = {
  name: 'vertical_slash',
  summary: 'Every query attends to the columns and diagonals that matter most to the last queries.',
  condition: 'j is one of the `vertical` best columns, or i - j one of the `slash` best diagonals',
  details:
    'Columns and diagonals are ranked by summed probability over the candidates, estimated from the last `last` queries. Ties go to the smaller column, and to the diagonal ' +
    `nearer to i == j, of two equally near ones to the one with i > j. Lines that those queries cannot see come last.${NEEDS_DATA}`,
  source: 'Jiang et al., MInference 1.0, 2024',
  parameters: [
    { name: 'vertical', type: 'number', unit: 'keys', documentation: 'Columns that are kept.', integer: true, min: 0 },
    { name: 'slash', type: 'number', unit: 'keys', documentation: 'Diagonals that are kept.', integer: true, min: 0 },
    {
      name: 'last',
      type: 'number',
      unit: 'tokens',
      documentation: 'Queries that the ranking is estimated from.',
      default: '64',
      integer: true,
      min: 1,
    },
    within('causal()'),
  ],
  snippets: ['vertical_slash(${1:1000}, ${2:200})'],
  example: 'vertical_slash(1000, 200)',
  bind: (args, shape) => candidates(args, shape, 'vertical', 'slash', 'last'),
  terms: args => [times(N, args.term('vertical')), times(N, args.term('slash'))],
  selects: {
    most: (args, shape) => shape.queries * Math.min(shape.tokens, args.number('vertical') + args.number('slash')),
  },
};
