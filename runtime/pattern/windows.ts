import { DifferenceList, Progression } from './difference-mask.ts';
import { N, N_SQUARED, power, times } from './growth.ts';
import type { BoundArguments, Parameter, Primitive, SymbolicArguments, Term } from './primitive.ts';

const dilation: Parameter = {
  name: 'dilation',
  type: 'number',
  unit: 'tokens',
  documentation: 'Distance between neighbouring keys of the window; 1 leaves no gaps.',
  default: '1',
  integer: true,
  min: 1,
};

/** Keys before and after the query, in steps of the dilation, from whichever form of `window` was written. */
function reach(args: BoundArguments): { before: number; after: number } {
  const given = ['size', 'radius', 'before', 'after'].filter(name => args.has(name));
  if (given.length === 0)
    throw args.error(
      undefined,
      'window needs a size: write window(512), window(radius: 256) or window(before: 511, after: 0)',
    );
  if (args.has('before') || args.has('after')) {
    const other = given.find(name => name === 'size' || name === 'radius');
    if (other !== undefined) throw args.error(other, `window takes either ${other} or before and after, not both`);
    const missing = args.has('before') ? 'after' : 'before';
    if (!args.has(missing))
      throw args.error(
        undefined,
        `window(${given[0]}: ...) also needs ${missing}; write ${missing}: 0 for no keys on that side`,
      );
    return { before: args.number('before'), after: args.number('after') };
  }
  if (given.length > 1) throw args.error('radius', 'window takes either size or radius, not both');
  const radius = args.has('radius') ? args.number('radius') : Math.floor(args.number('size') / 2);
  return { before: radius, after: radius };
}

/** The larger of the parameters that were written gives the growth; all of them are keys per query. */
function windowTerms(args: SymbolicArguments): readonly Term[] {
  const written = ['size', 'radius', 'before', 'after'].filter(name => {
    const expression = args.expression(name);
    return expression !== undefined && !(expression.op === 'number' && expression.value === 0);
  });
  return written.length === 0 ? [N] : written.map(name => times(N, args.term(name)));
}

export const window: Primitive = {
  name: 'window',
  summary: 'Every query attends to the keys around it.',
  condition: 'abs(i - j) <= floor(size / 2) * dilation && (i - j) % dilation == 0',
  details:
    "`window(size)` holds `2 * floor(size / 2) + 1` keys inside the sequence (Hugging Face Longformer's `attention_window`). " +
    "`window(radius: r)` reaches `r` keys to each side (AllenAI Longformer's `w`, LongT5's `local_radius`). " +
    "`window(before: a, after: b)` holds `a` keys before the query, itself and `b` after (FlashAttention's `window_size=(a, b)`). " +
    'It is cut at the ends of the sequence, never wrapped. For a causal window of exactly W keys write `sliding(W)`.',
  source: 'Beltagy et al., Longformer, 2020',
  parameters: [
    {
      name: 'size',
      type: 'number',
      unit: 'keys',
      documentation: 'Width of the window: half of it, rounded down, on each side.',
      optional: true,
      integer: true,
      min: 0,
    },
    dilation,
    {
      name: 'before',
      type: 'number',
      unit: 'keys',
      documentation: 'Keys before the query (instead of `size`, together with `after`).',
      optional: true,
      integer: true,
      min: 0,
    },
    {
      name: 'after',
      type: 'number',
      unit: 'keys',
      documentation: 'Keys after the query (instead of `size`, together with `before`).',
      optional: true,
      integer: true,
      min: 0,
    },
    {
      name: 'radius',
      type: 'number',
      unit: 'keys',
      documentation: 'Keys on each side (instead of `size`).',
      optional: true,
      integer: true,
      min: 0,
    },
  ],
  snippets: ['window(${1:512})', 'window(before: ${1:511}, after: ${2:0})', 'window(radius: ${1:256})'],
  example: 'window(512)',
  bind(args) {
    const { before, after } = reach(args);
    const step = args.number('dilation');
    return new Progression(-after * step, before * step, step);
  },
  terms: windowTerms,
};

export const sliding: Primitive = {
  name: 'sliding',
  summary: 'Every query attends to itself and the keys just before it: a causal window.',
  condition: '0 <= i - j && i - j < size',
  details:
    "`size` counts the query itself, as Hugging Face's `sliding_window`, vLLM, GPT-OSS and ONNX Runtime's `local_window_size` do. " +
    "attention-gym's `generate_sliding_window(w)` is `sliding(w + 1)`.",
  source: 'Jiang et al., Mistral 7B, 2023',
  parameters: [
    { name: 'size', type: 'number', unit: 'keys', documentation: 'Keys with the query itself.', integer: true, min: 1 },
  ],
  snippets: ['sliding(${1:4096})'],
  example: 'sliding(4096)',
  bind: args => new Progression(0, args.number('size') - 1),
  terms: args => [times(N, args.term('size'))],
};

export const strided: Primitive = {
  name: 'strided',
  summary: 'Every query attends to the keys whose distance is a multiple of the stride, on both sides.',
  condition: '(i - j) % stride == offset',
  details: 'Write `strided(128) & causal()` for the causal form of the Sparse Transformer.',
  source: 'Child et al., Generating Long Sequences with Sparse Transformers, 2019',
  parameters: [
    {
      name: 'stride',
      type: 'number',
      unit: 'tokens',
      documentation: 'Distance between attended keys.',
      integer: true,
      min: 1,
    },
    {
      name: 'offset',
      type: 'number',
      unit: 'tokens',
      documentation: 'Remainder of the distance; smaller than the stride.',
      default: '0',
      integer: true,
      min: 0,
    },
  ],
  snippets: ['strided(${1:128})'],
  example: 'strided(128)',
  bind(args) {
    const stride = args.number('stride');
    const offset = args.number('offset');
    if (offset >= stride)
      throw args.error(
        'offset',
        `offset must be smaller than the stride ${stride}, got ${offset}: a remainder is never larger`,
      );
    return new Progression(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, stride, offset);
  },
  terms: args => [times(N_SQUARED, power(args.term('stride'), -1))],
};

export const exponential: Primitive = {
  name: 'exponential',
  summary: 'Every query attends to itself and to keys at distances 1, 2, 4, 8, ...: powers of the base.',
  condition: 'i == j || abs(i - j) == base**t for an integer t >= 0, and abs(i - j) <= limit',
  details: 'Only powers that are whole numbers count, so a base of 1.5 gives the distance 1 alone.',
  source: 'Li et al., LogSparse Transformer, 2019',
  parameters: [
    { name: 'base', type: 'number', documentation: 'Ratio of neighbouring distances; more than 1.', default: '2' },
    {
      name: 'limit',
      type: 'number',
      unit: 'tokens',
      documentation: 'Largest distance.',
      default: 'n',
      integer: true,
      min: 0,
    },
  ],
  snippets: ['exponential()', 'exponential(base: ${1:2}, limit: ${2:1024})'],
  example: 'exponential()',
  bind(args, shape) {
    const base = args.number('base');
    if (!(base > 1)) throw args.error('base', `base must be more than 1, got ${base}: its powers have to grow`);
    const limit = Math.min(args.number('limit'), shape.tokens - 1);
    // Powers of a base with a fraction are whole only at t = 0.
    const distances: number[] = limit < 1 ? [] : [1];
    if (Number.isInteger(base)) for (let distance = base; distance <= limit; distance *= base) distances.push(distance);
    return new DifferenceList([...distances.map(distance => -distance).reverse(), 0, ...distances]);
  },
  terms: args =>
    args.expression('limit') === undefined
      ? [{ n: 1, log: 1, factors: {} }]
      : [times(N, { n: 0, log: 0, factors: { 'log limit': 1 } })],
};
