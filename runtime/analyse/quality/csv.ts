import type { Baseline, HeadQuality, QualityCurve } from '../quality.ts';

/** What a mask loses on a head of a layer. */
export interface MeasuredHead extends HeadQuality {
  readonly layer: number;
  readonly against: Baseline;
}

/** What a mask is compared with. */
export const LINES = ['oracle', 'topk', 'window', 'random'] as const satisfies readonly (keyof QualityCurve)[];

/**
 * What was measured as comma-separated values under a line of names: a line for each head, or for each point of its curves.
 * Densities and recalls are shares, entropies bits; what was not measured is left empty.
 */
export function qualityCsv(heads: readonly MeasuredHead[], curve: boolean): string {
  const rows: (readonly (string | number | null | undefined)[])[] = curve
    ? [
        ['layer', 'head', 'line', 'density', 'recall'],
        ...heads.flatMap(({ layer, head, distribution }) =>
          LINES.flatMap(line =>
            (distribution?.curve[line] ?? []).map(({ density, recall }) => [layer, head, line, density, recall]),
          ),
        ),
      ]
    : [
        ['layer', 'head', 'pairs', 'density', 'recall', 'worst_row', 'worst_recall', 'error', 'cosine'].concat([
          ...LINES,
          'overlap',
          'entropy',
        ]),
        ...heads.map(({ layer, head, pairs, density, recall, worst, error, cosine, distribution: found }) => [
          ...[layer, head, pairs, density, recall, worst[0]?.row, worst[0]?.recall, error, cosine],
          ...LINES.map(line => found?.[line]),
          ...[found?.overlap, found?.entropy],
        ]),
      ];
  return rows.map(row => row.map(value => value ?? '').join(',')).join('\n');
}
