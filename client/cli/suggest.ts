import { type Command, InvalidArgumentError, Option } from 'commander';
import { encodeChartSvg } from '../../runtime/draw/chart-svg.ts';
import { frontierChart } from '../../runtime/draw/frontier-chart.ts';
import { DARK, LIGHT } from '../../runtime/draw/palette.ts';
import { jsonDocument } from './json-output.ts';
import { withComputing } from './measure.ts';
import { parseCount, parseIndex, parseTokens } from './numbers.ts';
import type { Session } from './session.ts';
import { suggestForModel } from './suggest-model.ts';
import { refuseWhatHasNoMeaning, type SuggestCommand } from './suggest-options.ts';
import { report, summaryOf } from './suggest-report.ts';
import { suggestForTensors } from './suggest-tensors.ts';
import { withTensors } from './tensors.ts';
import { checkNew, checkWritable, type FileToWrite, writeFiles } from './write-file.ts';

/** Adds `suggest`: the pattern that keeps most of full attention with a number of pairs. */
export function addSuggest(program: Command, session: Session): void {
  const command = withTensors(
    program
      .command('suggest')
      .summary('search for the pattern that keeps most of full attention')
      .description(
        'Searches windows, first tokens, strides, fixed columns, dilated windows and blocks, one pattern for all heads\n' +
          'and one for each, and patterns that choose keys by content, for the one that keeps most of the probability of full\n' +
          'attention on your queries, keys and values. What it prints is a .sparse file; the rest of the report is in comments.\n' +
          'With --model these are the queries, keys and values of a language model of bytes on the first sequence of its\n' +
          'held-out text; then it predicts the next ones with the pattern in place of its attention (bits per byte).',
      ),
  )
    .option('--model <FOLDER>', 'a language model: a folder with config.json, model.safetensors and heldout.txt')
    .addOption(
      new Option(
        '--tokens <N>',
        'with --model: length of the sequences (default: 2048, or as many as it was trained on)',
      ).argParser(parseTokens),
    )
    .addOption(
      new Option(
        '--sequences <K>',
        'with --model: how many sequences it predicts after the one that is searched (default: 2)',
      ).argParser(parseCount),
    )
    .option('--text <PATH>', 'with --model: this text instead of its heldout.txt')
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
      new Option('--against <WHAT>', 'attention that is to be approximated (default: causal)').choices([
        'causal',
        'full',
      ]),
    )
    .option('--listed', 'also lists of columns and diagonals, which fit these tensors and maybe no others')
    .option('--static', 'no patterns that choose keys by content')
    .option('--shared', 'one pattern for all heads, none with patterns of their own');
  withComputing(command)
    .option('--out <PATH>', 'write the .sparse file there')
    .option('--svg <PATH>', 'draw recall against density there: the frontier, the best of each kind, the oracle')
    .addOption(new Option('--theme <THEME>', 'background of --svg (default: light)').choices(['light', 'dark']))
    .option('--force', 'replace files that exist')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  sparse suggest --input qkv.safetensors --density 0.1\n  sparse suggest --input qkv.safetensors --density 5% --static --out suggested.sparse --force\n  sparse suggest --model examples/tiny-lm --tokens 256 --density 10% --svg frontier.svg --force',
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
  const { out, svg, model } = options;
  refuseWhatHasNoMeaning(options);
  for (const file of [out, svg]) {
    if (file === undefined) continue;
    await checkWritable(file);
    if (options.force !== true) await checkNew(file);
  }
  const found =
    model === undefined
      ? await suggestForTensors(options, session)
      : await suggestForModel({ ...options, model }, session);
  const { suggestion, input } = found;
  const files: FileToWrite[] = [];
  const add = (path: string | undefined, bytes: () => Uint8Array): void => {
    if (path === undefined) return;
    const contents = bytes();
    files.push({ path, size: contents.length, contents: [contents] });
  };
  add(out, () => new TextEncoder().encode(suggestion.text));
  add(svg, () =>
    encodeChartSvg(
      frontierChart(suggestion),
      `Recall against density on ${input}`,
      options.theme === 'dark' ? DARK : LIGHT,
    ),
  );
  await writeFiles(files, signal);
  for (const { path } of files) session.note(`wrote ${path}`);
  const { density, ms } = options;
  const asked = ms === undefined ? { density, ms: null } : { density: null, ms };
  session.print(options.json === true ? jsonDocument('suggest', summaryOf(found, asked, options)) : report(found));
  for (const note of new Set([...suggestion.notes, ...(found.prediction?.notes ?? [])])) session.note(`note: ${note}`);
}
