import type { Command } from 'commander';
import { asDiagnostic, type Diagnostic, diagnose, diagnosticLine } from './diagnostics.ts';
import { expandFiles, type NamedFile } from './expand-files.ts';
import { Failure, wrongUse } from './failure.ts';
import { jsonDocument } from './json-output.ts';
import { counted } from './numbers.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { HERE } from './subject.ts';

interface CheckOptions {
  readonly expr?: string;
  readonly json?: boolean;
}

/** What was found out about a file, or about an expression. */
interface Checked {
  /** null for an expression. */
  readonly path: string | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** A file that could not be read, and why. */
interface Unread {
  readonly path: string;
  readonly problem: string;
}

/** Adds `check FILE...`: everything the language has to say about files, one line each on stdout. */
export function addCheck(program: Command, session: Session, sources: Sources): void {
  program
    .command('check')
    .summary('report the mistakes in .sparse files')
    .description(
      'Reports what is wrong in .sparse files, one line each: path:line:column: severity: message [code].\n' +
        'Ends with 1 when there are errors; warnings alone do no harm.',
    )
    .argument('[FILE...]', ".sparse files, globs such as 'patterns/**/*.sparse', - for standard input")
    .option('--expr <EXPRESSION>', 'check a pattern instead of files')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      "\nExamples:\n  sparse check examples/longformer.sparse\n  sparse check 'examples/**/*.sparse' --json\n  sparse check --expr 'window(8) | global([0])'",
    )
    .action((files: string[], options: CheckOptions) => check(files, options, session, sources));
}

async function check(
  files: readonly string[],
  options: CheckOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  const { expr, json = false } = options;
  if (expr !== undefined && files.length > 0) throw wrongUse('give either FILE or --expr, not both');
  if (expr === undefined && files.length === 0)
    throw wrongUse("name .sparse files, or give a pattern with --expr 'window(8)'");
  const checked: Checked[] = [];
  const unread: Unread[] = [];
  const found = (each: Checked): void => {
    checked.push(each);
    if (json) return;
    for (const diagnostic of each.diagnostics)
      session.print(diagnosticLine(each.path ?? '--expr', diagnostic, session.colours));
  };
  if (expr !== undefined) {
    const diagnostics = await sources.language.checkExpression(expr, HERE);
    found({ path: null, diagnostics: diagnostics.map(asDiagnostic) });
  }
  for (const named of await expandFiles(files)) {
    try {
      found(await checkFile(named, sources));
    } catch (error) {
      if (!(error instanceof Failure) || error.exitCode !== 2) throw error;
      // The other files may still be of interest.
      session.complain(`${session.errorColours.red('error:')} ${error.message}`);
      unread.push({ path: 'path' in named ? named.path : '', problem: error.message });
    }
  }
  const errors = countOf(checked, 'error');
  const warnings = countOf(checked, 'warning');
  if (json) session.print(jsonDocument('check', { errors, warnings, files: checked.map(withCounts), unread }));
  const what = expr === undefined ? counted(checked.length, 'file') : counted(1, 'expression');
  session.note(`${what}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}`);
  if (unread.length > 0) throw new Failure(2, '');
  if (errors > 0) throw new Failure(1, '');
}

async function checkFile(named: NamedFile, sources: Sources): Promise<Checked> {
  if ('problem' in named) throw wrongUse(named.problem);
  const source = await sources.read(named.path);
  return { path: source.path, diagnostics: await diagnose(sources, source) };
}

function countOf(files: readonly Checked[], severity: Diagnostic['severity']): number {
  return files.flatMap(file => file.diagnostics).filter(each => each.severity === severity).length;
}

function withCounts(file: Checked): object {
  return {
    path: file.path,
    errors: countOf([file], 'error'),
    warnings: countOf([file], 'warning'),
    diagnostics: file.diagnostics,
  };
}
