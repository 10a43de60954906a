import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { addCheck } from './check.ts';
import { addDiff } from './diff.ts';
import { asFailure } from './explain.ts';
import { addExport } from './export.ts';
import { cancelled, type Failure, fileProblem } from './failure.ts';
import { addFit } from './fit.ts';
import { addFormats } from './formats.ts';
import { addRun } from './run.ts';
import { processSession } from './session.ts';
import { Sources } from './sources.ts';
import { addStats } from './stats.ts';

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
  // A graphics driver may hold on to the process.
  setTimeout(() => process.exit(), GRACE_MS).unref();
}

/** @returns the exit code */
async function run(args: readonly string[], signal: AbortSignal): Promise<number> {
  const session = processSession(signal);
  const sources = new Sources(signal);
  const program = new Command('sparse')
    .description('Sparse attention patterns: check, count, export and run them.')
    .version(version)
    .exitOverride();
  addCheck(program, session, sources);
  addStats(program, session, sources);
  addDiff(program, session, sources);
  addFit(program, session, sources);
  addExport(program, session, sources);
  addFormats(program, session);
  addRun(program, session, sources);
  try {
    await program.parseAsync(args, { from: 'user' });
    if (signal.aborted) throw cancelled();
    return 0;
  } catch (error) {
    // Commander has said what it has to say, on the stream where it belongs.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const failure: Failure = signal.aborted ? cancelled() : asFailure(error, sources);
    if (failure.message !== '') session.note(prefixed(failure.message));
    return failure.exitCode;
  }
}

/** Messages that point into a file say `error` themselves, as compilers do. */
function prefixed(message: string): string {
  return /^\S.*:\d+:\d+: error: /.test(message) ? message : `error: ${message}`;
}
