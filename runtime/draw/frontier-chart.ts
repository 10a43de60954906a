import type { Suggestion } from '../analyse/suggest.ts';
import type { Chart } from './chart.ts';

/** A line of its own is drawn for patterns of each head where it would be seen beside the other one. */
const SEEN = 0.005;

/** What the frontier of a suggestion is drawn from. */
export type FrontierOf = Pick<
  Suggestion,
  'family' | 'expression' | 'density' | 'recall' | 'budget' | 'alternatives' | 'frontier' | 'oracle'
>;

/**
 * Recall against density of a suggestion: the best masks that there could be, the best static patterns by density, the
 * suggestion and the best of every other kind as points, and the density that was the limit.
 */
export function frontierChart(found: FrontierOf): Chart {
  const { frontier, alternatives, budget } = found;
  const line = (field: 'recall' | 'perHead' | 'oracle') =>
    frontier.map(point => [point.density, point[field]] as const);
  const point = ({ density, recall }: { readonly density: number; readonly recall: number }) =>
    [[density, recall]] as const;
  const areApart = frontier.some(({ perHead, recall }) => perHead - recall > SEEN);
  const least = Math.min(found.recall, ...[...frontier, ...alternatives].map(({ recall }) => recall));
  return {
    title: 'Recall against density',
    x: { label: 'density', log: 10, show: percent },
    y: { label: 'recall', range: [Math.min(0.9, Math.floor(10 * least) / 10), 1], show: percent },
    marks: [{ x: budget, label: `limit ${percent(budget)}` }],
    lines: [
      { name: 'oracle: the best of all masks', dashed: true, points: line('oracle') },
      { name: 'static, the same for all heads', part: 0, points: line('recall') },
      ...(areApart ? [{ name: 'static, each head its own', part: 1, points: line('perHead') }] : []),
      { name: `suggested: ${nameOf(found)}`, points: point(found) },
      ...alternatives.map((other, index) => ({ name: nameOf(other), part: index + 2, points: point(other) })),
    ],
  };
}

function nameOf({
  family,
  expression,
  recall,
}: {
  readonly family: string;
  readonly expression: string | null;
  readonly recall: number;
}): string {
  return `${expression ?? family} (${percent(recall)})`;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
