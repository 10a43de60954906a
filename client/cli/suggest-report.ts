import type { Suggestion } from '../../runtime/analyse/suggest.ts';
import type { AttentionComparison } from '../../runtime/language-model/compare-attention.ts';
import { aligned } from './aligned.ts';
import { counted, duration, grouped, percent } from './numbers.ts';

/** A suggestion, and what it was found for. */
export interface Found {
  readonly suggestion: Suggestion & { readonly ms: number | null };
  /** What was searched: a file of tensors, or a language model. */
  readonly input: string;
  readonly prediction: Prediction | null;
}

/** What a language model predicts with the suggestion in place of its attention. */
export interface Prediction {
  readonly model: string;
  readonly text: string;
  readonly tokens: number;
  /** Sequences that were predicted, and whether the one that was searched is among them. */
  readonly sequences: number;
  readonly searchedToo: boolean;
  readonly comparison: AttentionComparison;
  readonly notes: readonly string[];
}

/** What is written beside it. */
export interface Written {
  readonly out?: string;
  readonly svg?: string;
}

export function summaryOf(
  { suggestion, input, prediction }: Found,
  asked: { readonly density: number | null; readonly ms: number | null },
  { out, svg }: Written,
): object {
  const { model: _, baseline: against, ...rest } = suggestion;
  const files = { output: out ?? null, svg: svg ?? null };
  return { input, asked, against, ...rest, languageModel: prediction && predictionSummary(prediction), ...files };
}

function predictionSummary({ comparison, ...rest }: Prediction): object {
  const { full, sparse, difference, attentionSpeedUp } = comparison;
  const of = ({ bitsPerByte, density, attentionMs }: AttentionComparison['full']): object => ({
    bitsPerByte,
    density,
    attentionMs,
  });
  return { ...rest, full: of(full), suggested: of(sparse), difference, attentionSpeedUp };
}

const BAR = 32;

/** A .sparse file with the report behind it, as comments. */
export function report({ suggestion, prediction }: Found): string {
  const { text, alternatives, frontier, recall, density, family, heads, sampledRows, queries, ms, oracle } = suggestion;
  const share = (value: number): string => percent(value);
  const compared = aligned([
    ['measured', 'recall', 'density', ''],
    [`this: ${family}`, share(recall), share(density), ''],
    ...alternatives.map(other => [other.expression ?? other.family, share(other.recall), share(other.density), '']),
    ['the best that any mask could keep', share(oracle), share(density), ''],
  ]);
  const drawn = aligned([
    ['density', 'recall', 'each head its own', 'oracle'],
    ...frontier.map(point => [share(point.density), share(point.recall), share(point.perHead), share(point.oracle)]),
  ]).map((line, index) => {
    const point = frontier[index - 1];
    return point === undefined
      ? line
      : `${line}  ${'#'.repeat(Math.round(BAR * point.recall)).padEnd(BAR)}  ${point.expression}`;
  });
  const seen = sampledRows === queries ? 'all rows' : `${sampledRows} of ${queries} rows of each head`;
  const own = new Set(heads.map(({ expression }) => expression)).size > 1 ? ofHeads(heads) : [];
  const timed = ms === null ? [] : [`attention over it takes ${duration(ms)} here`, ''];
  const predicted = prediction === null ? [] : [...predictionLines(prediction), ''];
  const lines = [...timed, ...predicted, ...compared, '', ...own, `static patterns by density, from ${seen}`, ...drawn];
  return `${text}\n${lines.map(line => `// ${line}`.trimEnd()).join('\n')}`;
}

function predictionLines({ model, text, tokens, sequences, searchedToo, comparison }: Prediction): string[] {
  const { full, sparse, difference, attentionSpeedUp } = comparison;
  const which = searchedToo
    ? `${counted(sequences, 'sequence')}, among them the one that was searched`
    : `${counted(sequences, 'sequence')} that ${sequences === 1 ? 'was' : 'were'} not searched`;
  return [
    `${model} predicts ${which}, of ${grouped(tokens)} bytes of ${text}`,
    ...aligned([
      ['', 'full (causal)', 'this', 'difference'],
      [
        'bits per byte',
        full.bitsPerByte.toFixed(4),
        sparse.bitsPerByte.toFixed(4),
        `${difference < 0 ? '-' : '+'}${Math.abs(difference).toFixed(4)}`,
      ],
      ['attention', duration(full.attentionMs), duration(sparse.attentionMs), `${attentionSpeedUp.toPrecision(3)} x`],
    ]),
  ];
}

function ofHeads(heads: Suggestion['heads']): string[] {
  return [
    `${counted(heads.length, 'head')}`,
    ...aligned([
      ['layer', 'head', 'recall'],
      ...heads.map(({ layer, head, recall }) => [String(layer), String(head), percent(recall)]),
    ]).map((line, index) => `${line}  ${heads[index - 1]?.expression ?? ''}`.trimEnd()),
    '',
  ];
}
