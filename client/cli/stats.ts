import type { Command } from 'commander';
import type { MaskSummary } from '../../runtime/export/json.ts';
import type { BudgetSummary, EstimateSummary } from './count.ts';
import { inThread } from './in-thread.ts';
import { grouped, percent } from './numbers.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { maskOf, openSubject, type SubjectOptions, withSubject } from './subject.ts';

interface StatsOptions extends SubjectOptions {
  readonly json?: boolean;
}

/** Adds `stats`: the exact numbers of one mask, or its budget. */
export function addStats(program: Command, session: Session, sources: Sources): void {
  withSubject(
    program
      .command('stats')
      .summary('count the pairs of a mask')
      .description(
        'Counts the pairs of a mask, exactly and without drawing it.\n' +
          'Of a pattern that chooses by content it tells how many pairs there are at most.',
      ),
    'head, from 0 (default: 0); any will do for a pattern without a model',
  )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      "\nExamples:\n  sparse stats examples/longformer.sparse --of LongformerBase\n  sparse stats --expr 'sliding(512) & causal()' --tokens 1Mi --json",
    )
    .action((file: string | undefined, options: StatsOptions) => stats(file, options, session, sources));
}

async function stats(
  file: string | undefined,
  options: StatsOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  const subject = await openSubject(sources, file, options);
  const mask = maskOf(subject, options);
  const job = { kind: 'summary', subject: { name: subject.name, source: subject.source, ...mask } } as const;
  const summary = await session.during('Counting', () => inThread(job, session.signal));
  // Whoever asks has the text; a file that is passed on carries it along.
  const { source: _, ...numbers } = summary;
  session.print(options.json === true ? JSON.stringify(numbers, null, 2) : table(summary));
}

function table(summary: MaskSummary | BudgetSummary | EstimateSummary): string {
  const { name, layer, layers, head, heads } = summary;
  const of = [
    ...(layers > 1 ? [`layer ${layer} of ${layers}`] : []),
    ...(heads > 1 ? [`head ${head} of ${heads}`] : []),
  ];
  const lines: [string, string][] = [
    ['tokens', grouped(summary.tokens)],
    ['queries', grouped(summary.queries)],
    ...('pairsAtMost' in summary
      ? budgetLines(summary)
      : 'pairsAbout' in summary
        ? estimateLines(summary)
        : maskLines(summary)),
  ];
  const width = Math.max(...lines.map(([label]) => label.length)) + 2;
  return [[name, ...of].join(', '), ...lines.map(([label, value]) => label.padEnd(width) + value)].join('\n');
}

function budgetLines({ pairsAtMost, densityAtMost, complexity }: BudgetSummary): [string, string][] {
  return [
    ['pairs', `at most ${grouped(pairsAtMost)}, chosen by content`],
    ['density', `at most ${percent(densityAtMost)}`],
    ['complexity', complexity],
  ];
}

function estimateLines(summary: EstimateSummary): [string, string][] {
  const { pairsAbout, pairsError, densityAbout, complexity } = summary;
  return [
    [
      'pairs',
      `≈ ${grouped(pairsAbout)} ± ${grouped(pairsError)}: the condition is too irregular to count at this length`,
    ],
    ['density', `≈ ${percent(densityAbout)}`],
    ['complexity', complexity],
  ];
}

function maskLines({ pairs, density, complexity, keysPerQuery, emptyQueries, tiles }: MaskSummary): [string, string][] {
  return [
    ['pairs', grouped(pairs)],
    ['density', percent(density)],
    ['complexity', complexity],
    [
      'keys per query',
      `${grouped(keysPerQuery.min)} to ${grouped(keysPerQuery.max)}, ${grouped(keysPerQuery.mean)} on average`,
    ],
    ['empty queries', grouped(emptyQueries)],
    [
      `tiles of ${tiles.size} x ${tiles.size}`,
      `${grouped(tiles.full)} full, ${grouped(tiles.partial)} partial, ${grouped(tiles.empty)} empty`,
    ],
  ];
}
