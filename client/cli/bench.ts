import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Attention } from '../../runtime/attention/attention.ts';
import { pairsOfHeads } from '../../runtime/attention/compare-with-full.ts';
import { aligned } from './aligned.ts';
import { asFailure } from './explain.ts';
import { Failure, wrongUse } from './failure.ts';
import { jsonDocument } from './json-output.ts';
import { type Computing, measure, openAttention, plansOf, whyOmitted, withComputing } from './measure.ts';
import { duration, grouped, parseIndex, parseTokens, percent } from './numbers.ts';
import { problemOfSamples } from './run-problem.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { namesIn, openSubject, type SubjectOptions } from './subject.ts';

/** Lengths of a pattern, which has none of its own. */
const USUAL_LENGTHS = [1024, 2048, 4096];

interface BenchOptions extends Computing {
  readonly of?: string;
  readonly expr?: string;
  readonly tokens?: readonly number[];
  readonly layer?: number;
  readonly head?: number;
  readonly json?: boolean;
}

/** What was measured of one mask at one length. Times are in milliseconds. */
interface Measured {
  readonly name: string;
  readonly tokens: number;
  readonly queries: number;
  readonly heads: number;
  readonly headDim: number;
  readonly pairs: number;
  readonly density: number;
  /** From pattern to plans, without `selectMs`. */
  readonly compileMs: number;
  /** Choosing keys by content; null for masks that ask for no content. */
  readonly selectMs: number | null;
  readonly sparseMs: number;
  /** null when it was left out; `fullOmitted` then says why. */
  readonly fullMs: number | null;
  readonly fullOmitted: string | null;
  readonly speedUp: number | null;
  readonly largestDifference: number;
  readonly backend: string;
  readonly device: string;
  readonly kernel: string;
  readonly notes: readonly string[];
}

/** A mask that could not be run at a length. */
interface NotMeasured {
  readonly name: string;
  readonly tokens: number | null;
  readonly problem: string;
}

/** Adds `bench`: attention over the patterns of a file at several lengths, beside full attention. */
export function addBench(program: Command, session: Session, sources: Sources): void {
  const command = program
    .command('bench')
    .summary('time attention over the patterns of a file')
    .description(
      'Runs attention over the patterns and models of a file, and full attention on the same made-up data, at several\n' +
        'lengths. Times are those of the attention alone, the shortest of three where they are short; compiling the pattern\n' +
        'is timed apart. What cannot be run at a length is named, and the rest goes on.',
    )
    .argument('[FILE]', 'a .sparse file; - for standard input')
    .option('--of <NAME>', 'only this pattern or model')
    .option('--expr <EXPRESSION>', 'a pattern to use instead of FILE and --of')
    .addOption(
      new Option(
        '--tokens <LENGTHS>',
        `sequence lengths, such as 1Ki,4Ki (default: ${USUAL_LENGTHS.join(',')}, and the own length of a model)`,
      ).argParser(parseLengths),
    )
    .addOption(new Option('--layer <L>', 'layer, from 0 (default: 0)').argParser(parseIndex))
    .addOption(new Option('--head <H>', 'this head alone, from 0 (default: all heads)').argParser(parseIndex));
  withComputing(command)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      "\nExamples:\n  sparse bench examples/longformer.sparse --of longformer --tokens 512,1Ki --backend cpu\n  sparse bench --expr 'sliding(64)' --tokens 1Ki --json",
    )
    .action((file: string | undefined, options: BenchOptions) => bench(file, options, session, sources));
}

/** Several lengths with commas between them. */
function parseLengths(text: string): readonly number[] {
  const lengths = text.split(',').map(each => parseTokens(each.trim()));
  if (lengths.length > 32) throw new InvalidArgumentError('Write at most 32 lengths.');
  return lengths;
}

async function bench(
  file: string | undefined,
  options: BenchOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  const { of, expr, layer, head } = options;
  const place = { ...(layer !== undefined && { layer }), ...(head !== undefined && { head }) };
  const chosen: readonly SubjectOptions[] =
    expr !== undefined
      ? [{ expr, ...(of !== undefined && { of }) }]
      : of !== undefined || file === undefined
        ? [of === undefined ? {} : { of }]
        : (await namesIn(sources, file)).map(name => ({ of: name }));
  if (chosen.length === 0) throw wrongUse(`${file} declares no pattern or model that can stand alone`);
  const attention = openAttention();
  const measured: Measured[] = [];
  const leftOut: NotMeasured[] = [];
  try {
    for (const choice of chosen) {
      for (const tokens of await lengthsOf(sources, file, { ...choice, ...place }, options)) {
        const at = { ...choice, ...place, ...(tokens !== undefined && { tokens }) };
        const outcome = await measureAt(attention, file, at, options, session, sources);
        if ('problem' in outcome) leftOut.push(outcome);
        else measured.push(outcome);
      }
    }
  } finally {
    attention.dispose();
  }
  if (options.json === true) session.print(jsonDocument('bench', { measured, leftOut }));
  if (measured.length === 0) throw new Failure(1, leftOut.map(notMeasuredText).join('\n'));
  if (options.json !== true) session.print(table(measured));
  if (options.json !== true) for (const each of leftOut) session.note(`left out: ${notMeasuredText(each)}`);
  for (const note of new Set(measured.flatMap(({ notes }) => notes))) session.note(`note: ${note}`);
}

/** The lengths that were asked for, a model's own (undefined), or the usual ones. */
async function lengthsOf(
  sources: Sources,
  file: string | undefined,
  choice: SubjectOptions,
  { tokens }: BenchOptions,
): Promise<readonly (number | undefined)[]> {
  if (tokens !== undefined) return tokens;
  const { model } = await openSubject(sources, file, choice);
  return model.tokens === null ? USUAL_LENGTHS : [undefined];
}

async function measureAt(
  attention: Attention,
  file: string | undefined,
  at: SubjectOptions,
  options: BenchOptions,
  session: Session,
  sources: Sources,
): Promise<Measured | NotMeasured> {
  let name = at.of ?? at.expr ?? '';
  try {
    const subject = await openSubject(sources, file, at);
    ({ name } = subject);
    const problem = problemOfSamples(subject, at);
    // Made up before the clock runs: choosing by content asks for it.
    const { heads, headDim, keys, queries } = problem.input;
    const started = performance.now();
    const plans = await plansOf(problem, options.backend, session);
    const { selectMs } = plans;
    const compileMs = performance.now() - started - (selectMs ?? 0);
    const report = await measure(attention, problem, plans, options, session);
    const { sparse, fullMs, speedUp, largestDifference } = report;
    const pairs = pairsOfHeads(plans.parts);
    const density = pairs / (heads * queries * keys);
    const { backend, device, kernel, notes } = sparse;
    return {
      name,
      tokens: keys,
      queries,
      heads,
      headDim,
      pairs,
      density,
      compileMs,
      selectMs,
      sparseMs: sparse.timing.kernelMs,
      fullMs,
      fullOmitted: whyOmitted(report),
      speedUp,
      largestDifference,
      backend,
      device,
      kernel,
      notes,
    };
  } catch (error) {
    const failure = asFailure(error, sources);
    // Only what a pattern is at this length may be left out.
    if (failure.exitCode !== 1) throw failure;
    return { name, tokens: at.tokens ?? null, problem: failure.message };
  }
}

function notMeasuredText({ name, tokens, problem }: NotMeasured): string {
  return `${name}${tokens === null ? '' : ` at ${grouped(tokens)} tokens`}: ${problem}`;
}

function table(measured: readonly Measured[]): string {
  const rows = measured.map(each => [
    each.name,
    grouped(each.tokens),
    String(each.heads),
    percent(each.density),
    duration(each.compileMs),
    each.selectMs === null ? '' : duration(each.selectMs),
    duration(each.sparseMs),
    each.fullMs === null ? 'left out' : duration(each.fullMs),
    each.speedUp === null ? '' : `${each.speedUp.toPrecision(3)} x`,
    each.largestDifference.toExponential(1),
  ]);
  const head = [
    'pattern',
    'tokens',
    'heads',
    'density',
    'compile',
    'select',
    'sparse',
    'full',
    'speed-up',
    'difference',
  ];
  const devices = new Set(measured.map(({ backend, device }) => `${backend} (${device})`));
  return [...aligned([head, ...rows]), `on ${[...devices].join(', ')}`].join('\n');
}
