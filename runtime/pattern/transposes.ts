import { union } from './algebra.ts';
import type { Parameter, Primitive } from './primitive.ts';
import { transposedMask } from './transposed-mask.ts';

const p: Parameter = { name: 'p', type: 'pattern', documentation: 'Any pattern.' };

export const transpose: Primitive = {
  name: 'transpose',
  summary: 'Queries and keys change places.',
  condition: '(j, i) in p',
  details: '',
  source: '',
  parameters: [p],
  snippets: ['transpose(${1:causal()})'],
  example: 'transpose(causal())',
  bind: (args, shape) => transposedMask(args.bind(args.pattern('p'), shape), shape.tokens),
  terms: args => args.terms('p'),
};

export const symmetric: Primitive = {
  name: 'symmetric',
  summary: 'Whenever a query attends to a key, the key attends to the query too.',
  condition: '(i, j) in p || (j, i) in p',
  details: '',
  source: '',
  parameters: [p],
  snippets: ['symmetric(${1:sliding(512)})'],
  example: 'symmetric(sliding(512))',
  bind(args, shape) {
    const mask = args.bind(args.pattern('p'), shape);
    return union(mask, transposedMask(mask, shape.tokens));
  },
  terms: args => args.terms('p'),
};
