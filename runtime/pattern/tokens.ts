import { union } from './algebra.ts';
import { N, N_SQUARED, power, times } from './growth.ts';
import { ColumnMask, PeriodicColumnMask, RowMask } from './position-masks.ts';
import type { Parameter, Primitive } from './primitive.ts';

const tokens: Parameter = {
  name: 'tokens',
  type: 'positions',
  documentation: 'Positions, e.g. `[0]`, `[0..4, 17]`; negative ones count from the end: `[-16..n]` is the last 16.',
};

export const globalTokens: Primitive = {
  name: 'global',
  summary: 'The listed tokens attend to every token, and every token attends to them.',
  condition: 'i in tokens || j in tokens',
  details: '',
  source: 'Beltagy et al., Longformer, 2020; Zaheer et al., BigBird, 2020',
  parameters: [tokens],
  snippets: ['global([${1:0}])'],
  example: 'global([0])',
  bind(args) {
    const positions = args.positions('tokens');
    return union(new RowMask(positions), new ColumnMask(positions));
  },
  terms: args => [times(N, args.term('tokens'))],
};

export const rows: Primitive = {
  name: 'rows',
  summary: 'The listed queries attend to every key.',
  condition: 'i in tokens',
  details: '',
  source: 'Ainslie et al., ETC, 2020',
  parameters: [tokens],
  snippets: ['rows([${1:0}])'],
  example: 'rows([0])',
  bind: args => new RowMask(args.positions('tokens')),
  terms: args => [times(N, args.term('tokens'))],
};

export const columns: Primitive = {
  name: 'columns',
  summary: 'Every query attends to the listed keys.',
  condition: 'j in tokens',
  details: 'The attention sinks of StreamingLLM are `columns([0..4]) & causal()`.',
  source: 'Ainslie et al., ETC, 2020; Xiao et al., StreamingLLM, 2023',
  parameters: [tokens],
  snippets: ['columns([${1:0..4}])'],
  example: 'columns([0..4])',
  bind: args => new ColumnMask(args.positions('tokens')),
  terms: args => [times(N, args.term('tokens'))],
};

export const fixed: Primitive = {
  name: 'fixed',
  summary: 'Every query attends to the last keys of every stride: fixed summary columns.',
  condition: 'j % stride >= stride - columns',
  details: "The Sparse Transformer's fixed pattern is `(block(stride) | fixed(stride, columns)) & causal()`.",
  source: 'Child et al., Generating Long Sequences with Sparse Transformers, 2019',
  parameters: [
    { name: 'stride', type: 'number', unit: 'tokens', documentation: 'Length of one stride.', integer: true, min: 1 },
    {
      name: 'columns',
      type: 'number',
      unit: 'keys',
      documentation: 'Keys at the end of each stride; at most the stride.',
      default: '1',
      integer: true,
      min: 1,
    },
  ],
  snippets: ['fixed(${1:128})', 'fixed(${1:128}, columns: ${2:8})'],
  example: 'fixed(128)',
  bind(args) {
    const stride = args.number('stride');
    const count = args.number('columns');
    if (count > stride) throw args.error('columns', `columns must be at most the stride ${stride}, got ${count}`);
    return new PeriodicColumnMask(stride, count);
  },
  terms: args => [
    args.expression('columns') === undefined
      ? times(N_SQUARED, power(args.term('stride'), -1))
      : times(N_SQUARED, args.term('columns'), power(args.term('stride'), -1)),
  ],
};
