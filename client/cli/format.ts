import type { Command } from 'commander';
import { diagnose, diagnosticLine } from './diagnostics.ts';
import { expandFiles, type NamedFile } from './expand-files.ts';
import { Failure, wrongUse } from './failure.ts';
import { jsonDocument } from './json-output.ts';
import { counted } from './numbers.ts';
import { type SourceFile, STANDARD_INPUT } from './read-file.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { writeWholeFile } from './write-file.ts';

interface FormatOptions {
  readonly check?: boolean;
  readonly write?: boolean;
  readonly json?: boolean;
}

/** What formatting made of a file. */
interface Formatted {
  readonly path: string;
  /** null where the file has mistakes of syntax, is no text or could not be read; `problem` then says which. */
  readonly text: string | null;
  readonly changed: boolean;
  readonly problem: string | null;
  /** 1 when the file is at fault, 2 when it could not be read or written. */
  readonly exitCode: 0 | 1 | 2;
}

/** Adds `format FILE...`: the layout that the editor gives. */
export function addFormat(program: Command, session: Session, sources: Sources): void {
  program
    .command('format')
    .summary('lay out .sparse files as the editor does')
    .description(
      'Prints .sparse files as the formatter of the editor lays them out, or writes them back, or says which are not.\n' +
        'Files with mistakes of syntax stay as they are.',
    )
    .argument('<FILE...>', ".sparse files, globs such as 'patterns/**/*.sparse', - for standard input")
    .option('--check', 'change nothing: list the files that would change, and end with 1 when there are some')
    .option('--write', 'write the files back')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      "\nExamples:\n  sparse format examples/longformer.sparse\n  sparse format --check 'examples/**/*.sparse'",
    )
    .action((files: string[], options: FormatOptions) => format(files, options, session, sources));
}

async function format(
  words: readonly string[],
  options: FormatOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  const { check = false, write = false, json = false } = options;
  if (check && write) throw wrongUse('give either --check or --write, not both');
  if (write && words.includes(STANDARD_INPUT))
    throw wrongUse('standard input cannot be written back; leave out --write for the text on stdout');
  const all: Formatted[] = [];
  for (const named of await expandFiles(words)) {
    const formatted = await formatFile(named, write, session, sources);
    all.push(formatted);
    if (formatted.problem !== null)
      session.complain(
        formatted.exitCode === 2 ? `${session.errorColours.red('error:')} ${formatted.problem}` : formatted.problem,
      );
    else if (json) continue;
    else if (check || write) {
      if (formatted.changed) session.print(formatted.path);
    } else await session.write(new TextEncoder().encode(formatted.text ?? ''));
  }
  const changed = all.filter(each => each.changed).length;
  if (json) {
    const files = all.map(({ exitCode: _, text, ...rest }) => ({ ...rest, text: check || write ? null : text }));
    session.print(jsonDocument('format', { changed, files }));
  }
  if (check) session.note(`${counted(all.length, 'file')}: ${counted(changed, 'file')} to format`);
  if (write) session.note(`${counted(all.length, 'file')}: ${counted(changed, 'file')} formatted`);
  const worst = Math.max(check && changed > 0 ? 1 : 0, ...all.map(each => each.exitCode));
  if (worst === 1 || worst === 2) throw new Failure(worst, '');
}

async function formatFile(named: NamedFile, write: boolean, session: Session, sources: Sources): Promise<Formatted> {
  const stuck = (path: string, problem: string, exitCode: 1 | 2): Formatted => ({
    path,
    text: null,
    changed: false,
    problem,
    exitCode,
  });
  if ('problem' in named) return stuck('', named.problem, 2);
  try {
    const source = await sources.read(named.path);
    const mistakes = await mistakesOf(source, sources);
    if (source.text === null || mistakes !== '') return stuck(source.path, mistakes, 1);
    const text = await sources.language.format(source.uri, source.text);
    const changed = text !== source.text;
    if (changed && write) await writeWholeFile(named.path, new TextEncoder().encode(text), session.signal);
    return { path: source.path, text, changed, problem: null, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof Failure) || error.exitCode !== 2) throw error;
    // The other files may still be of interest.
    return stuck(named.path, error.message, 2);
  }
}

/** What keeps a file from being laid out, one line each: it is no text, or cannot be parsed. */
async function mistakesOf(source: SourceFile, sources: Sources): Promise<string> {
  const found = await diagnose(sources, source);
  return found
    .filter(({ code }) => code === 'syntax' || code === 'not-text')
    .map(each => diagnosticLine(source.path, each))
    .join('\n');
}
