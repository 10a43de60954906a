import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Baseline } from '../../runtime/analyse/quality.ts';
import { suggestWithin } from '../../runtime/analyse/suggest/within-time.ts';
import { type LayerInput, type Suggestion, suggest } from '../../runtime/analyse/suggest.ts';
import { oneHead } from '../../runtime/attention/one-head.ts';
import { aligned } from './aligned.ts';
import { jsonDocument } from './json-output.ts';
import { type Computing, openAttention, withComputing } from './measure.ts';
import { counted, duration, parseIndex, percent } from './numbers.ts';
import type { Session } from './session.ts';
import { checkIndex } from './subject.ts';
import { layerOf, openInput, type TensorChoice, withTensors } from './tensors.ts';
import { checkNew, writeWholeFile } from './write-file.ts';

interface SuggestCommand extends Computing, TensorChoice {
  readonly input?: string;
  readonly density: number;
  readonly ms?: number;
  readonly layer?: number;
  readonly head?: number;
  readonly against: Baseline;
  readonly listed?: boolean;
  readonly static?: boolean;
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `suggest`: the pattern that keeps most of full attention with a number of pairs. */
export function addSuggest(program: Command, session: Session): void {
  const command = withTensors(
    program
      .command('suggest')
      .summary('search for the pattern that keeps most of full attention')
      .description(
        'Searches windows, first tokens, strides, fixed columns, dilated windows and blocks, one pattern for all heads\n' +
          'and one for each, and patterns that choose keys by content, for the one that keeps most of the probability of full\n' +
          'attention on your queries, keys and values. What it prints is a .sparse file; the rest of the report is in comments.',
      ),
  )
    .addOption(
      new Option('--density <SHARE>', 'pairs that it may have, of heads * queries * tokens: 0.1 or 10%')
        .default(0.1)
        .argParser(parseDensity),
    )
    .addOption(
      new Option('--ms <MS>', 'instead: milliseconds that attention over it may take in all layers, on this backend')
        .argParser(parseMilliseconds)
        .conflicts('density'),
    )
    .addOption(new Option('--layer <L>', 'this layer of the file alone').argParser(parseIndex))
    .addOption(new Option('--head <H>', 'this head alone').argParser(parseIndex))
    .addOption(
      new Option('--against <WHAT>', 'attention that is to be approximated')
        .choices(['causal', 'full'])
        .default('causal'),
    )
    .option('--listed', 'also lists of columns and diagonals, which fit these tensors and maybe no others')
    .option('--static', 'no patterns that choose keys by content');
  withComputing(command)
    .option('--out <PATH>', 'write the .sparse file there')
    .option('--force', 'replace it when it exists')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  sparse suggest --input qkv.safetensors --density 0.1\n  sparse suggest --input qkv.safetensors --density 5% --static --out suggested.sparse --force',
    )
    .action((options: SuggestCommand) => run(options, session));
}

function parseDensity(text: string): number {
  const [, digits, sign] = /^(\d*\.?\d+(?:e-?\d+)?)\s*(%?)$/i.exec(text) ?? [];
  const density = Number(digits) / (sign === '%' ? 100 : 1);
  if (!(density > 0 && density <= 1)) throw new InvalidArgumentError('Write a share such as 0.1 or 10%.');
  return density;
}

function parseMilliseconds(text: string): number {
  const ms = Number(text);
  if (!(ms > 0 && ms < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError('Write a number of milliseconds above 0.');
  return ms;
}

async function run(options: SuggestCommand, session: Session): Promise<void> {
  const { signal } = session;
  if (options.out !== undefined && options.force !== true) await checkNew(options.out);
  const input = await openInput(options.input, options, signal);
  const attention = openAttention();
  try {
    const layers = options.layer === undefined ? input.layers : [layerOf(input, options.layer)];
    const inputs = layers.map((layer): LayerInput => {
      const read = async () => {
        const all = await input.read(layer);
        if (options.head === undefined) return all;
        checkIndex(input.name, 'head', options.head, all.heads);
        return oneHead(all, options.head);
      };
      // What is read once only stays; layers of large files are read again.
      let kept: ReturnType<typeof read> | undefined;
      return {
        layer: layer ?? 0,
        read() {
          if (layers.length > 1) return read();
          kept ??= read();
          return kept;
        },
      };
    });
    const found = await session.during('Searching', progress => {
      const wanted = {
        baseline: options.against,
        listed: options.listed === true,
        dynamic: options.static !== true,
        subject: input.name,
        backend: options.backend,
        precision: options.dtype,
        signal,
        onProgress: (share: number) => progress.update(share),
      };
      const { ms, density } = options;
      return ms === undefined
        ? suggest(attention, inputs, { ...wanted, density })
        : suggestWithin(attention, inputs, { ...wanted, ms });
    });
    if (options.out !== undefined) {
      await writeWholeFile(options.out, new TextEncoder().encode(found.text), signal);
      session.note(`wrote ${options.out}`);
    }
    session.print(
      options.json === true ? jsonDocument('suggest', summaryOf(input.name, options, found)) : report(found),
    );
  } finally {
    attention.dispose();
    await input.close();
  }
}

type Found = Suggestion & { readonly ms?: number };

function summaryOf(input: string, { density, ms: askedMs, out }: SuggestCommand, found: Found): object {
  const { model: _, baseline: against, heads, ms = null, ...rest } = found;
  const asked = askedMs === undefined ? { density, ms: null } : { density: null, ms: askedMs };
  return { input, asked, against, ...rest, ms, heads, output: out ?? null };
}

const BAR = 32;

/** A .sparse file with the report behind it, as comments. */
function report({
  text,
  alternatives,
  frontier,
  recall,
  density,
  family,
  heads,
  sampledRows,
  queries,
  ms,
}: Found): string {
  const share = (value: number): string => percent(value);
  const compared = aligned([
    ['measured', 'recall', 'density', ''],
    [`this: ${family}`, share(recall), share(density), ''],
    ...alternatives.map(other => [other.expression ?? other.family, share(other.recall), share(other.density), '']),
  ]);
  const drawn = aligned([
    ['density', 'recall', 'each head its own'],
    ...frontier.map(point => [share(point.density), share(point.recall), share(point.perHead)]),
  ]).map((line, index) => {
    const point = frontier[index - 1];
    return point === undefined
      ? line
      : `${line}  ${'#'.repeat(Math.round(BAR * point.recall)).padEnd(BAR)}  ${point.expression}`;
  });
  const seen = sampledRows === queries ? 'all rows' : `${sampledRows} of ${queries} rows of each head`;
  const own = new Set(heads.map(({ expression }) => expression)).size > 1 ? ofHeads(heads) : [];
  const timed = ms === undefined ? [] : [`attention over it takes ${duration(ms)} here`, ''];
  const lines = [...timed, ...compared, '', ...own, `static patterns by density, from ${seen}`, ...drawn];
  return `${text}\n${lines.map(line => `// ${line}`.trimEnd()).join('\n')}`;
}

function ofHeads(heads: Suggestion['heads']): string[] {
  return [
    `${counted(heads.length, 'head')}`,
    ...aligned([
      ['layer', 'head', 'recall'],
      ...heads.map(({ layer, head, recall }) => [String(layer), String(head), percent(recall)]),
    ]).map((line, index) => `${line}  ${heads[index - 1]?.expression ?? ''}`.trimEnd()),
    '',
  ];
}
