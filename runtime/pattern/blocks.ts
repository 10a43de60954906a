import { blockedMask, SameBlockMask } from './block-masks.ts';
import { N, power, times } from './growth.ts';
import type { Primitive } from './primitive.ts';
import { gridShape } from './shape.ts';

export const block: Primitive = {
  name: 'block',
  summary: 'Every query attends to the keys of its own block.',
  condition: 'floor(i / size) == floor(j / size)',
  details:
    'The last block is short when the length is no multiple of `size`. Causal chunks, as in Llama 4, are `block(8192) & causal()`.',
  source: 'Qiu et al., Blockwise Self-Attention, 2019',
  parameters: [
    { name: 'size', type: 'number', unit: 'tokens', documentation: 'Tokens of a block.', integer: true, min: 1 },
  ],
  snippets: ['block(${1:64})'],
  example: 'block(64)',
  bind: args => new SameBlockMask(args.number('size')),
  terms: args => [times(N, args.term('size'))],
};

export const blocked: Primitive = {
  name: 'blocked',
  summary: 'A pattern over blocks of tokens instead of single tokens.',
  condition: 'p holds for (floor(i / size), floor(j / size))',
  details:
    'The pattern is evaluated on a grid of `ceil(n / size)` blocks: inside it `n`, positions such as `-1` and all sizes count blocks; ' +
    '`head` and `layer` stay. All pairs of an allowed block attend, so a causal pattern of blocks still lets a token see later ones of its own block.',
  source: 'Zaheer et al., BigBird, 2020',
  parameters: [
    { name: 'size', type: 'number', unit: 'tokens', documentation: 'Tokens of a block.', integer: true, min: 1 },
    { name: 'p', type: 'pattern', documentation: 'The pattern over blocks.', onGrid: true },
  ],
  snippets: ['blocked(${1:64}, ${2:window(3)})'],
  example: 'blocked(64, window(3) | global([0, -1]) | random(3))',
  bind(args, shape) {
    const size = args.number('size');
    return blockedMask(size, args.bind(args.pattern('p'), gridShape(shape, size)));
  },
  // size**2 pairs a block, n / size blocks along each axis.
  terms: args => args.terms('p').map(term => times(term, power(args.term('size'), 2 - term.n))),
};
