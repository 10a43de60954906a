import { EVERYTHING } from './algebra.ts';
import { SameBlockMask } from './block-masks.ts';
import { DifferenceList } from './difference-mask.ts';
import { DocumentMask } from './document-mask.ts';
import { N, times } from './growth.ts';
import { ColumnMask } from './position-masks.ts';
import { PositionSet } from './position-set.ts';
import { PatternError, type Primitive } from './primitive.ts';

export const documents: Primitive = {
  name: 'documents',
  summary: 'Several documents packed into one sequence: every query attends to its own document.',
  condition: 'i and j are in the same document',
  details:
    'A list of lengths sums to `n`. One number repeats; the last document is cut short. Add `& causal()` for packed training.',
  source: 'Krell et al., Efficient Sequence Packing without Cross-contamination, 2021',
  parameters: [
    {
      name: 'lengths',
      type: 'values',
      unit: 'tokens',
      documentation: 'Length of each document, or one length for all.',
      min: 1,
    },
  ],
  snippets: ['documents([${1:512}, ${2:512}])', 'documents(${1:512})'],
  example: 'documents([100, 28])',
  bind(args, shape) {
    const { values, single } = args.values('lengths');
    if (single) return new SameBlockMask(values[0] ?? 1);
    const starts = [0];
    for (const length of values) starts.push((starts.at(-1) ?? 0) + length);
    const sum = starts.at(-1) ?? 0;
    if (sum !== shape.tokens) {
      const error = args.error('lengths', `the documents have ${sum} tokens together, but n is ${shape.tokens}`);
      throw new PatternError(
        'documents-length',
        error.message,
        error.span,
        true,
        shape.outer === undefined ? sum : undefined,
      );
    }
    return new DocumentMask(starts);
  },
  terms: args => [times(N, args.term('lengths'))],
};

export const prefix: Primitive = {
  name: 'prefix',
  summary: 'Every query attends to the first keys.',
  condition: 'j < length',
  details: 'All keys when `length >= n`. A prefix language model is `prefix(length) | causal()`.',
  source: 'Raffel et al., T5, 2020',
  parameters: [
    { name: 'length', type: 'number', unit: 'keys', documentation: 'Keys of the prefix.', integer: true, min: 0 },
  ],
  snippets: ['prefix(${1:256})'],
  example: 'prefix(256)',
  bind(args, shape) {
    const length = args.number('length');
    return length >= shape.tokens ? EVERYTHING : new ColumnMask(PositionSet.of([[0, length]]));
  },
  terms: args => [times(N, args.term('length'))],
};

export const diagonals: Primitive = {
  name: 'diagonals',
  summary: 'Every query attends to the keys at the listed distances before it (negative: after it).',
  condition: 'i - j in offsets',
  details: 'Distances beyond the sequence hold no pair. The slashes of MInference are diagonals.',
  source: 'Jiang et al., MInference 1.0, 2024',
  parameters: [
    {
      name: 'offsets',
      type: 'values',
      unit: 'tokens',
      documentation: 'Values of i - j; negative ones lie after the query.',
    },
  ],
  snippets: ['diagonals([${1:0}, ${2:64}])'],
  example: 'diagonals([0, 64, 128])',
  bind: args => new DifferenceList([...new Set(args.values('offsets').values)].sort((a, b) => a - b)),
  terms: args => [times(N, args.term('offsets'))],
};
