import type { Command } from 'commander';
import { diagnose } from './diagnostics.ts';
import { Failure } from './failure.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';

/** Adds `check FILE...`: everything the language has to say about files, one line each on stdout. */
export function addCheck(program: Command, session: Session, sources: Sources): void {
  program
    .command('check')
    .summary('report the mistakes in .sparse files')
    .description('Reports what is wrong in .sparse files, one line each: path:line:column: severity: message [code].')
    .argument('<FILE...>', '.sparse files')
    .addHelpText('after', '\nExample:\n  sparse check examples/longformer.sparse')
    .action((files: string[]) => check(files, session, sources));
}

async function check(files: readonly string[], session: Session, sources: Sources): Promise<void> {
  const counts = { error: 0, warning: 0, information: 0 };
  let unread = 0;
  for (const file of files) {
    try {
      for (const { severity, text } of await diagnose(sources, await sources.read(file))) {
        counts[severity]++;
        session.print(text);
      }
    } catch (error) {
      if (!(error instanceof Failure) || error.exitCode !== 2) throw error;
      // The other files may still be of interest.
      session.note(`error: ${error.message}`);
      unread++;
    }
  }
  const read = files.length - unread;
  session.note(`${count(read, 'file')}: ${count(counts.error, 'error')}, ${count(counts.warning, 'warning')}`);
  if (unread > 0) throw new Failure(2, '');
  if (counts.error > 0) throw new Failure(1, '');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
