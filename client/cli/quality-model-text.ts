import type { BackendId } from '../../runtime/attention/types.ts';
import { type AttentionComparison, type LayerLoss, wholeMs } from '../../runtime/language-model/compare-attention.ts';
import type { Evaluation, Stretch } from '../../runtime/language-model/evaluate.ts';
import { aligned } from './aligned.ts';
import { counted, duration, grouped, percent } from './numbers.ts';

/** One set of masks; times are medians of a sequence, in milliseconds. */
type Measured = Pick<
  Evaluation,
  'bitsPerByte' | 'later' | 'stretches' | 'pairs' | 'density' | 'attentionMs' | 'selectMs' | 'denseMs'
>;

/** What `quality --model --json` prints. */
export interface ModelSummary {
  readonly name: string;
  /** As it was named; and the text that was predicted. */
  readonly model: string;
  readonly text: string;
  readonly layers: number;
  readonly heads: number;
  readonly tokens: number;
  readonly sequences: number;
  /** What computed attention, and everything else. */
  readonly backend: BackendId;
  readonly device: string;
  readonly denseDevice: string;
  readonly full: Measured;
  readonly sparse: Measured;
  readonly difference: number;
  readonly attentionSpeedUp: number;
  readonly speedUp: number;
  readonly byLayer: readonly LayerLoss[] | null;
  readonly notes: readonly string[];
}

export function modelSummary(
  { name, model, text, layers, heads }: Pick<ModelSummary, 'name' | 'model' | 'text' | 'layers' | 'heads'>,
  { full, sparse, difference, attentionSpeedUp, speedUp, byLayer }: AttentionComparison,
  denseDevice: string,
  notes: readonly string[],
): ModelSummary {
  const { tokens, sequences, backend, attentionDevice: device } = sparse;
  return {
    ...{ name, model, text, layers, heads, tokens, sequences, backend, device, denseDevice },
    full: measured(full),
    sparse: measured(sparse),
    ...{ difference, attentionSpeedUp, speedUp, byLayer, notes },
  };
}

function measured({
  bitsPerByte,
  later,
  stretches,
  pairs,
  density,
  attentionMs,
  selectMs,
  denseMs,
}: Evaluation): Measured {
  return { bitsPerByte, later, stretches, pairs, density, attentionMs, selectMs, denseMs };
}

export function modelTable(summary: ModelSummary): string {
  const { name, model, tokens, sequences, full, sparse, attentionSpeedUp, speedUp, byLayer } = summary;
  const bits = (label: string, before: number, after: number): string[] => [
    label,
    before.toFixed(4),
    after.toFixed(4),
    signed(after - before),
  ];
  const both = (of: (measured: Measured) => readonly Stretch[], label: (stretch: Stretch) => string): string[][] =>
    of(sparse).map((stretch, at) => bits(label(stretch), of(full)[at]?.bitsPerByte ?? Number.NaN, stretch.bitsPerByte));
  const times = (label: string, of: (measured: Measured) => number, ratio: string): string[] => [
    label,
    duration(of(full)),
    duration(of(sparse)),
    ratio,
  ];
  const rows = [
    ['', 'full (causal)', 'this', 'difference'],
    bits('bits per byte', full.bitsPerByte, sparse.bitsPerByte),
    ...both(
      of => of.later,
      ({ from }) => `  from ${grouped(from)}`,
    ),
    ...both(
      of => of.stretches,
      ({ from, to }) => `  ${grouped(from)} to ${grouped(to - 1)}`,
    ),
    ['pairs', grouped(full.pairs), grouped(sparse.pairs), percent(sparse.pairs / full.pairs)],
    times('attention', of => of.attentionMs, `${attentionSpeedUp.toPrecision(3)} x`),
    ...(sparse.selectMs > 0 ? [times('choosing keys', of => of.selectMs, '')] : []),
    times('all', wholeMs, `${speedUp.toPrecision(3)} x`),
  ];
  const layers =
    byLayer === null
      ? []
      : [
          '',
          ...aligned([
            ['in one layer alone', 'bits per byte', 'difference'],
            ...byLayer.map(each => [`  layer ${each.layer}`, each.bitsPerByte.toFixed(4), signed(each.difference)]),
          ]),
        ];
  return [
    `${name} in ${model}: ${counted(tokens, 'token')}, ${counted(sequences, 'sequence')}, on ${summary.device}`,
    ...aligned(rows),
    ...layers,
  ].join('\n');
}

/** A line for each stretch of positions and, where layers were looked at alone, for each layer. */
export function modelCsv({ full, sparse, byLayer, tokens }: ModelSummary): string {
  const lines = [['part', 'layer', 'from', 'to', 'full', 'sparse', 'difference']];
  const add = (part: string, layer: string, from: number, to: number, before: number, after: number): void =>
    void lines.push([part, layer, ...[from, to, before, after, after - before].map(String)]);
  add('all', '', 0, tokens, full.bitsPerByte, sparse.bitsPerByte);
  for (const [part, name] of [
    ['later', 'later'],
    ['stretches', 'stretch'],
  ] as const)
    for (const [at, { from, to, bitsPerByte }] of sparse[part].entries())
      add(name, '', from, to, full[part][at]?.bitsPerByte ?? Number.NaN, bitsPerByte);
  for (const { layer, bitsPerByte } of byLayer ?? [])
    add('layer', String(layer), 0, tokens, full.bitsPerByte, bitsPerByte);
  return lines.map(line => line.join(',')).join('\n');
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;
}
