import type { Chart } from '../../../runtime/draw/chart.ts';
import { tokensText } from '../charts/mask-charts.ts';
import { milliseconds } from '../format.ts';
import { MOST_TOKENS } from './run-settings.ts';
import type { RunSummary } from './run-summary.ts';

/** Length of a sweep's first run. */
export const SWEEP_START = 1024;
/** A run of twice the length takes at least and at most so many times as long. */
const LEAST_GROWTH = 2;
const MOST_GROWTH = 4;

/**
 * The next length of a sweep, or null when it would not fit into the time that is left.
 *
 * @param took milliseconds of each run so far, start to end
 */
export function nextOfSweep(tokens: number, took: readonly number[], leftMs: number): number | null {
  const last = took.at(-1) ?? 0;
  const before = took.at(-2);
  const growth = before === undefined || before === 0 ? MOST_GROWTH : last / before;
  const predicted = last * Math.min(MOST_GROWTH, Math.max(LEAST_GROWTH, growth));
  return predicted > leftMs || 2 * tokens > MOST_TOKENS ? null : 2 * tokens;
}

/** Why a sweep ended after this length. */
export function sweepEnd(tokens: number, seconds: number): string {
  return 2 * tokens > MOST_TOKENS
    ? `The sweep ended at n = ${tokensText(tokens)}, the longest that there is.`
    : `The sweep ended at n = ${tokensText(tokens)}: twice as many tokens would not fit into its ${seconds} s.`;
}

/** The runs of the latest sweep that are still in the table, shortest first. */
export function latestSweep(runs: readonly RunSummary[]): readonly RunSummary[] {
  const sweep = runs.find(run => run.sweep !== null)?.sweep;
  return sweep === undefined ? [] : runs.filter(run => run.sweep === sweep).sort((a, b) => a.tokens - b.tokens);
}

/**
 * Measured times of a sweep, and what its pairs cost at the speed of the longest run: where a line lies above its
 * prediction, the device was not kept busy.
 */
export function sweepChart(runs: readonly RunSummary[]): Chart | null {
  const last = runs.at(-1);
  if (last === undefined || runs.length < 2) return null;
  const full = runs.filter(run => run.fullMs !== null);
  const lastFull = full.at(-1);
  const { name, backend, inHost, headDim, heads, dtype } = last;
  return {
    title: `${name} on ${backend.toUpperCase()}${inHost ? ' (host)' : ''}, ${heads} x ${headDim}, ${dtype}: time against n`,
    x: { label: 'n', log: 2, show: tokensText },
    y: { label: 'time', log: 10, show: milliseconds },
    lines: [
      { name: 'sparse', part: 0, points: runs.map(run => [run.tokens, run.sparseMs] as const) },
      {
        name: 'its pairs at the last speed',
        dashed: true,
        points: runs.map(run => [run.tokens, (last.sparseMs * run.pairs) / Math.max(1, last.pairs)] as const),
      },
      { name: 'full attention', part: 1, points: full.map(run => [run.tokens, run.fullMs ?? 0] as const) },
      ...(lastFull === undefined
        ? []
        : [
            {
              name: 'n² at the last speed',
              dashed: true,
              points: runs.map(
                run => [run.tokens, (lastFull.fullMs ?? 0) * (run.tokens / lastFull.tokens) ** 2] as const,
              ),
            },
          ]),
    ],
  };
}
