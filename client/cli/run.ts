import type { Command } from 'commander';
import { pairsOfHeads, type RunReport } from '../../runtime/attention/compare-with-full.ts';
import type { BackendId, PlanParts, Precision } from '../../runtime/attention/types.ts';
import { wrongUse } from './failure.ts';
import { jsonDocument } from './json-output.ts';
import { type Computing, measure, openAttention, plansOf, whyOmitted, withComputing } from './measure.ts';
import { duration, grouped, percent } from './numbers.ts';
import { problemOfSamples, problemOfTensors, type RunProblem } from './run-problem.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { openSubject, type SubjectOptions, withSubject } from './subject.ts';
import { nameOfTensors, outputFile, readInput, type TensorChoice, withTensors } from './tensors.ts';
import { checkWritable, writeWholeFile } from './write-file.ts';

interface RunOptions extends SubjectOptions, Computing, TensorChoice {
  readonly input?: string;
  readonly output?: string;
  readonly json?: boolean;
}

/** What `run --json` prints. Times are in milliseconds and leave out uploads, downloads and compilation. */
interface RunSummary {
  readonly name: string;
  readonly layer: number;
  /** Heads that ran, key/value heads that they read, and the width of each. */
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly tokens: number;
  readonly queries: number;
  /** Allowed pairs of all heads, and their share of heads * queries * tokens. */
  readonly pairs: number;
  readonly density: number;
  readonly backend: BackendId;
  readonly device: string;
  /** How exact the result had to be, and the kernel that was chosen for it; empty where there is only one. */
  readonly dtype: Precision;
  readonly kernel: string;
  /** Choosing keys by content, before the run; null for masks that ask for no content. */
  readonly selectMs: number | null;
  readonly sparseMs: number;
  /** null when it was left out; `fullOmitted` then says why. */
  readonly fullMs: number | null;
  readonly fullOmitted: string | null;
  /** fullMs / sparseMs, or null. */
  readonly speedUp: number | null;
  /** Largest absolute difference of `o` from the float64 reference, over `checkedRows` of `rows` query rows. */
  readonly largestDifference: number;
  readonly checkedRows: number;
  readonly rows: number;
  /** Where q, k and v came from: the path, or null for made-up data. */
  readonly input: string | null;
  readonly output: string | null;
  /** What did not go as asked. */
  readonly notes: readonly string[];
}

/** Adds `run`: attention over a pattern, compared with full attention and with the reference. */
export function addRun(program: Command, session: Session, sources: Sources): void {
  const subject = withSubject(
    program
      .command('run')
      .summary('run attention over a pattern')
      .description(
        'Runs attention over the heads of one layer, and full attention on the same data for comparison.\n' +
          'Tensors: q [heads, queries, head_dim], k and v [kv_heads, tokens, head_dim], F32, F16 or BF16, or in another\n' +
          '--layout; the output is o [heads, queries, head_dim] and lse [heads, queries] (natural log), both F32.\n' +
          'Without --input the data is made up, the same every time.',
      ),
    'run this head alone, from 0 (default: all heads); any will do for a pattern without a model and --input',
  );
  const command = withTensors(subject).option(
    '--output <PATH>',
    'write o and lse to this .safetensors file, replaced when it exists',
  );
  withComputing(command)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      "\nExamples:\n  sparse run examples/longformer.sparse --of LongformerBase\n  sparse run --expr 'sliding(256)' --input qkv.safetensors --output out.safetensors --backend cpu",
    )
    .action((file: string | undefined, options: RunOptions) => run(file, options, session, sources));
}

async function run(file: string | undefined, options: RunOptions, session: Session, sources: Sources): Promise<void> {
  const { signal } = session;
  const subject = await openSubject(sources, file, options);
  if (options.output === '-') throw wrongUse('--output names a file: the numbers of the run go to stdout');
  if (options.output !== undefined) await checkWritable(options.output);
  const tensors = nameOfTensors(options);
  const problem =
    tensors === null
      ? problemOfSamples(subject, options)
      : problemOfTensors(subject, options, tensors, await readInput(options.input, options, signal));
  const plans = await plansOf(problem, options.backend, session);
  const attention = openAttention();
  try {
    const report = await measure(attention, problem, plans, options, session);
    if (options.output !== undefined) {
      const metadata = { name: subject.name, backend: report.sparse.backend, device: report.sparse.device };
      await writeWholeFile(options.output, outputFile(problem.input, report.sparse, metadata), signal);
    }
    const summary = summaryOf(subject.name, problem, plans.parts, report, options);
    session.print(options.json === true ? jsonDocument('run', summary) : table(summary));
    for (const note of summary.notes) session.note(`note: ${note}`);
    if (options.output !== undefined) session.note(`wrote ${options.output}`);
  } finally {
    attention.dispose();
  }
}

function summaryOf(
  name: string,
  { layer, input }: RunProblem,
  plans: PlanParts,
  report: RunReport,
  options: RunOptions,
): RunSummary {
  const { heads, kvHeads, headDim, keys, queries } = input;
  const { sparse, fullMs, speedUp, largestDifference, checkedRows, rows } = report;
  const pairs = pairsOfHeads(plans);
  return {
    name,
    layer,
    heads,
    kvHeads,
    headDim,
    tokens: keys,
    queries,
    pairs,
    density: pairs / (heads * queries * keys),
    backend: sparse.backend,
    device: sparse.device,
    dtype: options.dtype,
    kernel: sparse.kernel,
    selectMs: sparse.timing.selectMs ?? null,
    sparseMs: sparse.timing.kernelMs,
    fullMs,
    fullOmitted: whyOmitted(report),
    speedUp,
    largestDifference,
    checkedRows,
    rows,
    input: nameOfTensors(options),
    output: options.output ?? null,
    notes: sparse.notes,
  };
}

function table(summary: RunSummary): string {
  const { name, layer, heads, kvHeads, headDim, selectMs, fullMs, speedUp, checkedRows, rows } = summary;
  const all =
    checkedRows === rows
      ? rows === 1
        ? 'its row'
        : `all ${grouped(rows)} rows`
      : `${grouped(checkedRows)} of ${grouped(rows)} rows`;
  const lines: [string, string][] = [
    ['tokens', grouped(summary.tokens)],
    ['queries', grouped(summary.queries)],
    ['heads', `${heads} of width ${headDim}${kvHeads === heads ? '' : `, ${kvHeads} key/value heads`}`],
    ['data', summary.input ?? 'made up'],
    ['density', percent(summary.density)],
    ...(selectMs === null
      ? []
      : [['pairs', `${grouped(summary.pairs)}, chosen by content`] satisfies [string, string]]),
    ['backend', `${summary.backend} (${summary.device})`],
    ...(selectMs === null ? [] : [['selection', duration(selectMs)] satisfies [string, string]]),
    ['sparse', duration(summary.sparseMs)],
    ['full', fullMs === null ? `left out: ${summary.fullOmitted}` : duration(fullMs)],
    ...(speedUp === null ? [] : [['speed-up', `${speedUp.toPrecision(3)} x`] satisfies [string, string]]),
    ['largest difference', `${summary.largestDifference.toExponential(2)} from the float64 reference, over ${all}`],
  ];
  const width = Math.max(...lines.map(([label]) => label.length)) + 2;
  return [`${name}, layer ${layer}`, ...lines.map(([label, value]) => label.padEnd(width) + value)].join('\n');
}
