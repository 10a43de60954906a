import { type Command, Option } from 'commander';
import type { Recognised } from '../../runtime/analyse/recognise.ts';
import type { Schedule } from '../../runtime/analyse/recognise-schedule.ts';
import type { TileSize } from '../../runtime/compile/mask-tree.ts';
import { choosesByContent } from '../../runtime/dynamic/select-heads.ts';
import { jsonText, type MaskSummary } from '../../runtime/export/json.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import type { Analysis } from './analysis.ts';
import { costText, flowLines, kindsOf, type Line, rangeText, wasteLines, wayLine } from './analysis-text.ts';
import { type ContentOptions, chosenFor } from './chosen-subject.ts';
import type { BudgetSummary, EstimateSummary } from './count.ts';
import { badFile, wrongUse } from './failure.ts';
import { inThread } from './in-thread.ts';
import { grouped, parseIndex, parseTile, percent } from './numbers.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { maskOf, openSubject, withSubject } from './subject.ts';
import { withTensors } from './tensors.ts';

interface StatsOptions extends ContentOptions {
  readonly json?: boolean;
  readonly tile?: TileSize;
  readonly flow?: boolean;
  readonly from?: number;
  readonly to?: number;
}

/** Adds `stats`: the exact numbers of one mask, or its budget, and what its model costs. */
export function addStats(program: Command, session: Session, sources: Sources): void {
  withTensors(
    withSubject(
      program
        .command('stats')
        .summary('count the pairs of a mask')
        .description(
          'Counts the pairs of a mask, exactly and without drawing it, and says what it costs: of a model, in all layers.\n' +
            'Of a pattern that chooses by content it tells how many pairs there are at most, or with --input what it chooses there.\n' +
            'With --flow it follows how information gets from key to query through several layers.',
        ),
      'head, from 0 (default: 0); any will do for a pattern without a model',
    ),
  )
    .addOption(
      new Option('--tile <T>', 'tile of the kernel whose cost is told: 128, 128x64 (default: 64)').argParser(parseTile),
    )
    .option('--flow', 'follow information through the layers: diameter, receptive fields, isolated positions')
    .addOption(
      new Option('--from <I>', 'a query: its receptive field after each layer')
        .argParser(parseIndex)
        .implies({ flow: true }),
    )
    .addOption(new Option('--to <J>', 'with --from: a shortest way from that query to this key').argParser(parseIndex))
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      "\nExamples:\n  sparse stats examples/longformer.sparse --of LongformerBase\n  sparse stats --expr 'sliding(512) & causal()' --tokens 1Mi --json\n  sparse stats examples/longformer.sparse --of LongformerBase --from 4000 --to 17\n  sparse stats --expr 'topk(16, within: causal())' --input qkv.safetensors",
    )
    .action((file: string | undefined, options: StatsOptions) => stats(file, options, session, sources));
}

async function stats(
  file: string | undefined,
  options: StatsOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  const written = await openSubject(sources, file, options);
  // Flow goes through all heads of a model.
  const allHeads = options.flow === true && written.model.kind === 'model';
  const subject = await chosenFor(written, options, allHeads ? undefined : (options.head ?? 0), session);
  const mask = maskOf(subject, options);
  if (allHeads) checkFlow(subject.model);
  const { tile, from, to } = options;
  if (to !== undefined && from === undefined) throw wrongUse('--to needs --from: the query from which the way begins');
  for (const [option, position] of Object.entries({ from, to }))
    if (position !== undefined && position >= mask.shape.tokens)
      throw wrongUse(`--${option} ${position}: the positions of ${subject.name} are 0 to ${mask.shape.tokens - 1}`);
  const job = {
    kind: 'stats',
    subject: {
      name: subject.name,
      source: subject.source,
      ...mask,
      model: subject.model,
      flow: options.flow === true,
      ...(tile && { tile }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    },
  } as const;
  const analysis = await session.during('Counting', () => inThread(job, session.signal));
  session.print(options.json === true ? json(analysis) : text(analysis, from, to));
}

/** Throws Failure (1) when layers of a model choose keys by content, which those of one layer do not tell. */
function checkFlow(model: Model): void {
  const heads = [...Array(model.heads).keys()];
  for (let layer = 0; layer < model.layers; layer++)
    if (choosesByContent(model, layer, heads))
      throw badFile(
        `layer ${layer} of ${model.name} chooses keys by content, and --flow needs the masks of all layers: --input brings what one layer looks at. Name a pattern with --of or --expr instead`,
      );
}

/** One object: the summary's fields, and beside them an object for each analysis. */
function json({ summary, space, waste, cost, recognised, schedule, flow, way }: Analysis): string {
  // Whoever asks has the text; a file that is passed on carries it along.
  const { source: _, ...numbers } = summary;
  const perLayer =
    cost === null ? [] : kindsOf(cost.perLayer).map(({ layers, of: { layer: _, ...own } }) => ({ layers, ...own }));
  const all = {
    ...numbers,
    space,
    waste,
    cost: cost && { ...cost, perLayer },
    recognised: recognised && withoutPattern(recognised),
    schedule,
    ...(flow && { flow }),
    ...(way !== undefined && { way }),
  };
  return jsonText(all);
}

function text(
  { summary, space, waste, cost, recognised, schedule, flow, way }: Analysis,
  from?: number,
  to?: number,
): string {
  return [
    table(summary, [
      ...(recognised === null || recognised.family === 'Composition' ? [] : [recognisedLine(recognised)]),
      ...(schedule === null ? [] : [scheduleLine(schedule)]),
      ['memory', `${space}; full attention keeps O(n^2)`],
      ...('range' in summary ? ([['range', rangeText(summary.range)]] as const) : []),
      ...(waste === null ? [] : wasteLines(waste)),
      ...(flow === undefined ? [] : flowLines(flow)),
      ...(way === undefined || from === undefined || to === undefined ? [] : [wayLine(from, to, way)]),
    ]),
    ...(cost === null ? [] : [costText(cost)]),
  ].join('\n\n');
}

/** `text` says the same as the pattern that it stands for. */
function withoutPattern({ pattern: _, ...said }: Recognised): object {
  return { ...said, module: said.module ?? null };
}

function recognisedLine({ title, text, module }: Recognised): Line {
  return ['recognised', `${title}: ${text}${module === undefined ? '' : ` from ${module}`}`];
}

function scheduleLine({ title, text, module }: Schedule): Line {
  return ['layers', text === null ? title : `${title}: ${text} from ${module}`];
}

function table(summary: Analysis['summary'], more: readonly Line[]): string {
  const { name, layer, layers, head, heads } = summary;
  const of = [
    ...(layers > 1 ? [`layer ${layer} of ${layers}`] : []),
    ...(heads > 1 ? [`head ${head} of ${heads}`] : []),
  ];
  const lines: Line[] = [
    ['tokens', grouped(summary.tokens)],
    ['queries', grouped(summary.queries)],
    ...('pairsAtMost' in summary
      ? budgetLines(summary)
      : 'pairsAbout' in summary
        ? estimateLines(summary)
        : maskLines(summary)),
    ...more,
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
