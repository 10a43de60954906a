import { EVERYTHING } from './algebra.ts';
import { N, times } from './growth.ts';
import { PatternError, type Primitive } from './primitive.ts';
import { MAX_DRAWS, randomMask } from './random-mask.ts';

export const random: Primitive = {
  name: 'random',
  summary: 'Every query attends to a fixed number of keys drawn at random.',
  condition: 'j is one of `keys` distinct keys drawn for row i',
  details:
    'The draw is the same on every platform. Word t of row i is word `t % 4` of Philox4x32-10 with counter `(i, floor(t / 4), head, layer)` and key ' +
    '`(seed mod 2**32, floor(seed / 2**32))`; head and layer are 0 unless `per_head`. Keys come without replacement (Floyd): for `t = 0 .. keys-1`, with ' +
    '`m = n - keys + t` and `x = floor(word * (m + 1) / 2**32)`, take `x`, or `m` when `x` is taken already. `keys >= n` gives the full row.',
  source: 'Zaheer et al., BigBird, 2020; Salmon et al., Philox, 2011',
  parameters: [
    {
      name: 'keys',
      type: 'number',
      unit: 'keys',
      documentation: 'Distinct keys of each query.',
      integer: true,
      min: 0,
    },
    {
      name: 'seed',
      type: 'number',
      documentation: 'Another seed draws other keys.',
      default: '0',
      integer: true,
      min: 0,
    },
    {
      name: 'per_head',
      type: 'bool',
      documentation: 'Draw for each head and layer on its own; otherwise all share one draw.',
      default: 'false',
      perHead: true,
    },
  ],
  snippets: ['random(${1:3})', 'random(${1:3}, seed: ${2:0})'],
  example: 'random(3)',
  bind(args, shape) {
    const keys = args.number('keys');
    if (keys >= shape.tokens) return EVERYTHING;
    if (keys * shape.tokens > MAX_DRAWS)
      throw new PatternError(
        'argument-range',
        `random(${keys}) at n = ${shape.tokens} draws ${keys * shape.tokens} keys, more than the ${MAX_DRAWS} that can be handled; draw fewer or use a smaller n`,
        args.error('keys', '').span,
        true,
      );
    const perHead = args.bool('per_head');
    return randomMask(keys, shape.tokens, {
      seed: args.number('seed'),
      layer: perHead ? shape.layer : 0,
      head: perHead ? shape.head : 0,
    });
  },
  terms: args => [times(N, args.term('keys'))],
};
