import type { MeasuredHead } from '../../runtime/analyse/quality/csv.ts';
import { LINES } from '../../runtime/analyse/quality/csv.ts';
import type { HeadQuality } from '../../runtime/analyse/quality.ts';
import type { BackendId } from '../../runtime/attention/types.ts';
import { aligned } from './aligned.ts';
import { counted, percent } from './numbers.ts';

/** What `quality --json` prints. */
export interface QualitySummary {
  readonly name: string;
  readonly input: string;
  readonly tokens: number;
  readonly queries: number;
  readonly headDim: number;
  readonly backend: BackendId;
  readonly device: string;
  readonly heads: readonly MeasuredHead[];
  readonly notes: readonly string[];
}

/** A table by layer and head, then the worst rows and the curves of those who want them. */
export function qualityTable(summary: QualitySummary, worst: number, curve: boolean): string {
  const { name, input, heads } = summary;
  const against = [...new Set(heads.map(head => head.against))].join(' or ');
  const share = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : percent(value);
  const row = (place: readonly [string, string], head: Numbers, least: string): string[] => [
    ...place,
    share(head.density),
    share(head.recall),
    ...(head.distribution === null ? [] : LINES.map(line => share(head.distribution?.[line]))),
    least,
    ...(head.distribution === null
      ? []
      : [share(head.distribution.overlap), `${head.distribution.entropy.toFixed(2)} bits`]),
    share(head.error),
    head.cosine.toFixed(4),
  ];
  const hasDistribution = heads.every(({ distribution }) => distribution !== null);
  const titles = [
    ...['layer', 'head', 'density', 'recall'],
    ...(hasDistribution ? ['oracle', 'top-k', 'window', 'random'] : []),
    'worst row',
    ...(hasDistribution ? ['overlap', 'entropy'] : []),
    ...['error', 'cosine'],
  ];
  const lines = heads.map(head => {
    const [least] = head.worst;
    return row(
      [String(head.layer), String(head.head)],
      head,
      least === undefined ? '' : `${percent(least.recall)} at ${least.row}`,
    );
  });
  const mean = meanOf(heads);
  return [
    `${name} on ${input}, against ${against} attention`,
    ...aligned([titles, ...lines, ...(heads.length < 2 ? [] : [row(['mean', ''], mean, '')])]),
    ...(worst === 0 ? [] : ['', ...worstRows(heads, worst)]),
    ...(curve && hasDistribution ? ['', ...curveTable(heads)] : []),
  ].join('\n');
}

type Numbers = Pick<HeadQuality, 'density' | 'recall' | 'error' | 'cosine'> & {
  readonly distribution:
    | (Record<(typeof LINES)[number], number> & { readonly overlap: number | null; readonly entropy: number })
    | null;
};

function meanOf(heads: readonly MeasuredHead[]): Numbers {
  const mean = (of: (head: MeasuredHead) => number | null | undefined): number => {
    const values = heads.flatMap(head => of(head) ?? []);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const distributions = heads.flatMap(({ distribution }) => distribution ?? []);
  const overlaps = distributions.some(({ overlap }) => overlap !== null);
  return {
    density: mean(head => head.density),
    recall: mean(head => head.recall),
    error: mean(head => head.error),
    cosine: mean(head => head.cosine),
    distribution:
      distributions.length < heads.length
        ? null
        : {
            oracle: mean(head => head.distribution?.oracle),
            topk: mean(head => head.distribution?.topk),
            window: mean(head => head.distribution?.window),
            random: mean(head => head.distribution?.random),
            overlap: overlaps ? mean(head => head.distribution?.overlap) : null,
            entropy: mean(head => head.distribution?.entropy),
          },
  };
}

/** The rows that keep least, of all heads together. */
function worstRows(heads: readonly MeasuredHead[], count: number): string[] {
  const rows = heads
    .flatMap(({ layer, head, worst }) => worst.map(({ row, recall }) => ({ layer, head, row, recall })))
    .sort((a, b) => a.recall - b.recall)
    .slice(0, count);
  return [
    `worst ${counted(rows.length, 'row')}`,
    ...aligned([
      ['layer', 'head', 'row', 'recall'],
      ...rows.map(({ layer, head, row, recall }) => [String(layer), String(head), String(row), percent(recall)]),
    ]),
  ];
}

/** Recall against density, mean over the heads. */
function curveTable(heads: readonly MeasuredHead[]): string[] {
  const points = heads[0]?.distribution?.curve.topk.length ?? 0;
  const mean = (line: (typeof LINES)[number], point: number, field: 'density' | 'recall'): number =>
    heads.reduce((sum, { distribution }) => sum + (distribution?.curve[line][point]?.[field] ?? 0), 0) / heads.length;
  return [
    `recall by density, mean over ${counted(heads.length, 'head')}`,
    ...aligned([
      ['density', 'oracle', 'top-k', 'random', 'density', 'window'],
      ...Array.from({ length: points }, (_, point) => [
        percent(mean('topk', point, 'density')),
        percent(mean('oracle', point, 'recall')),
        percent(mean('topk', point, 'recall')),
        percent(mean('random', point, 'recall')),
        percent(mean('window', point, 'density')),
        percent(mean('window', point, 'recall')),
      ]),
    ]),
  ];
}
