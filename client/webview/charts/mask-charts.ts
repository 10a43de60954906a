import type { RowStretch } from '../../../runtime/analyse/row-spread.ts';
import type { Waste } from '../../../runtime/analyse/waste.ts';
import type { Axis, Chart } from '../../../runtime/draw/chart.ts';
import type { FlowAnswer, ScalingAnswer } from '../drawing-messages.ts';
import { count, operations, percent } from '../format.ts';

/** 512, 4Ki, 1Mi: lengths as the language writes them. */
export function tokensText(tokens: number): string {
  if (tokens >= 2 ** 20 && tokens % 2 ** 20 === 0) return `${tokens / 2 ** 20}Mi`;
  return tokens >= 2 ** 10 && tokens % 2 ** 10 === 0 ? `${tokens / 2 ** 10}Ki` : count(tokens);
}

/** Operations of scores and values of one head at every length that was counted. */
export function scalingChart({ name, headDim, labels, lengths }: ScalingAnswer): Chart {
  // A product with a query and one with a value, a multiplication and an addition for each of their numbers.
  const cost = (pairs: number | bigint): number => 4 * headDim * Number(pairs);
  return {
    title: 'Cost of one head against n',
    x: { label: 'n', log: 2, show: tokensText },
    y: { label: 'FLOPs', log: 10, show: value => operations(BigInt(Math.round(value))) },
    lines: [
      { name: 'full attention', dashed: true, points: lengths.map(({ tokens, full }) => [tokens, cost(full)]) },
      ...labels.map((label, part) => ({
        name: label,
        part,
        points: lengths.map(({ tokens, parts }) => [tokens, cost(parts[part] ?? 0)] as const),
      })),
      { name, points: lengths.map(({ tokens, whole }) => [tokens, cost(whole)]) },
    ],
  };
}

/** Keys of each query along the sequence. */
export function rowsChart(stretches: readonly RowStretch[]): Chart {
  const of = (field: 'min' | 'mean' | 'max') => stretches.map(each => [each.first, each[field]] as const);
  const even = stretches.every(({ min, max }) => min === max);
  return {
    title: 'Keys per query',
    x: { label: 'query i', show: count },
    y: { label: 'keys', show: value => count(value) },
    lines: even
      ? [{ name: 'keys', points: of('mean') }]
      : [
          { name: 'fewest', part: 0, points: of('min') },
          { name: 'mean', points: of('mean') },
          { name: 'most', part: 1, points: of('max') },
        ],
  };
}

const LAYERS: Axis = { label: 'layers', show: value => (Number.isInteger(value) ? count(value) : '') };
const SHARE: Axis = { label: 'share', range: [0, 1], show: percent };

/** How much of what is ever heard of is heard of after 1, 2, ... layers. */
export function fieldChart({ byLayer }: Pick<FlowAnswer, 'byLayer'>): Chart {
  return {
    title: 'Receptive field by layer, of all that is ever heard of',
    x: LAYERS,
    y: SHARE,
    lines: [{ name: 'heard of', points: byLayer.map((share, index) => [index + 1, share]) }],
  };
}

/** What a kernel of whole tiles computes in vain. */
export function wasteChart({ sizes }: Pick<Waste, 'sizes'>): Chart {
  return {
    title: 'Waste by tile size',
    x: { label: 'tile side', log: 2, show: count },
    y: SHARE,
    lines: [{ name: 'wasted', points: sizes.map(({ tile, used }) => [tile.queries, 1 - used]) }],
  };
}
