import { Command, CommanderError, Option } from 'commander';
import { version } from '../../package.json';
import { addBackends } from './backends.ts';
import { addBench } from './bench.ts';
import { addCheck } from './check.ts';
import type { Colors } from './colour.ts';
import { addCompletion } from './completion.ts';
import { addDiff } from './diff.ts';
import { addDraw } from './draw.ts';
import { asFailure } from './explain.ts';
import { addExport } from './export.ts';
import { cancelled, Failure, fileProblem } from './failure.ts';
import { addFit } from './fit.ts';
import { addFormat } from './format.ts';
import { addFormats } from './formats.ts';
import { addLsp } from './lsp.ts';
import { addQuality } from './quality.ts';
import { addRun } from './run.ts';
import { processSession } from './session.ts';
import { Sources } from './sources.ts';
import { addStats } from './stats.ts';
import { addSuggest } from './suggest.ts';

/** A cancelled command gets this long to put things in order, and the process to end by itself. */
const GRACE_MS = 2000;

/** Runs the command line and sets the exit code of the process. */
export async function main(args: readonly string[]): Promise<void> {
  let resultLost = false;
  process.stdout.on('error', (error: Error & { code?: string }) => {
    // Whoever reads our output may stop early, as `head` does: no reason to complain.
    if (error.code === 'EPIPE' || resultLost) return;
    resultLost = true;
    process.exitCode = 2;
    process.stderr.write(`error: cannot write the result to stdout: ${fileProblem(error)}\n`);
  });
  // There is no other place where this could be said.
  process.stderr.on('error', () => {});
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    setTimeout(() => process.exit(130), GRACE_MS).unref();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const exitCode = await run(args, controller.signal);
  process.exitCode = resultLost ? 2 : exitCode;
  // Whoever reads a pipe may take their time, `less` for one: all that was printed leaves first.
  await new Promise<void>(resolve => void process.stdout.write('', () => resolve()));
  // A graphics driver may hold on to the process.
  setTimeout(() => process.exit(), GRACE_MS).unref();
}

/** @returns the exit code */
async function run(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { session, talk } = processSession(signal);
  const sources = new Sources(signal);
  const program: Command = new Command('sparse')
    .description('Sparse attention patterns: check, count, draw, export and run them.')
    .version(version)
    .addOption(new Option('-q, --quiet', 'say nothing but results and errors').conflicts('verbose'))
    .option('-v, --verbose', 'say also what was read and how long it took')
    .configureHelp({ showGlobalOptions: true, styleTitle: title => session.colours.bold(title) })
    .addHelpText(
      'after',
      '\nExamples:\n  sparse stats examples/longformer.sparse\n  sparse draw examples/bigbird.sparse\n\n' +
        'Exit codes: 0 all is well; 1 the file has errors (of diff and format --check: there is a difference);\n' +
        '2 wrong use, or something could not be read or written; 130 cancelled.',
    )
    .hook('preAction', () => talk(program.opts()))
    .exitOverride();
  addCheck(program, session, sources);
  addStats(program, session, sources);
  addDiff(program, session, sources);
  addFit(program, session, sources);
  addDraw(program, session, sources);
  addExport(program, session, sources);
  addFormats(program, session);
  addRun(program, session, sources);
  addBench(program, session, sources);
  addQuality(program, session, sources);
  addSuggest(program, session);
  addBackends(program, session);
  addFormat(program, session, sources);
  addLsp(program, session);
  addCompletion(program);
  try {
    await program.parseAsync(askedOf(args, program), { from: 'user' });
    if (signal.aborted) throw cancelled();
    for (const path of sources.paths) session.detail(`read ${path}`);
    return 0;
  } catch (error) {
    // Commander has said what it has to say, on the stream where it belongs.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const failure = signal.aborted ? cancelled() : asFailure(error, sources);
    if (failure.message !== '') session.complain(prefixed(failure.message, session.errorColours));
    if (!(error instanceof Failure) && error instanceof Error) session.detail(error.stack ?? '');
    return failure.exitCode;
  }
}

/** `help chek` is told what `chek` is told, the nearest command; Commander would print the help of all and not say why. */
function askedOf(args: readonly string[], program: Command): readonly string[] {
  const [help, name] = args;
  const isUnknown = name !== undefined && !name.startsWith('-') && program.commands.every(each => each.name() !== name);
  return help === 'help' && isUnknown ? args.slice(1) : args;
}

/** Messages that point into a file say `error` themselves, as compilers do. */
function prefixed(message: string, colours: Colors): string {
  return /^\S.*:\d+:\d+: error: /.test(message) ? message : `${colours.red('error:')} ${message}`;
}
