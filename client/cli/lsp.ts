import type { Command } from 'commander';
import { wrongUse } from './failure.ts';
import type { Session } from './session.ts';

/** The language server as it ships, beside the command-line tool. */
const SERVER = './server.cjs';

/** Adds `lsp`: the language server for editors that start it as a program. */
export function addLsp(program: Command, session: Session): void {
  program
    .command('lsp')
    .summary('serve editors: the language server over stdin and stdout')
    .description(
      'Runs the language server for an editor, which starts it and talks to it over its stdin and stdout.\n' +
        'docs/editors.md tells how to set up Neovim, Helix, Emacs and Zed.',
    )
    .option('--stdio', 'talk over stdin and stdout; there is no other way, so that it may be left out')
    .option('--clientProcessId <PID>', 'end when the editor with this process id has ended')
    .addHelpText('after', '\nExample:\n  sparse lsp --stdio')
    .action(() => serve(session));
}

async function serve({ signal }: Session): Promise<void> {
  if (process.stdin.isTTY === true)
    throw wrongUse('lsp is started by an editor, which talks to it over stdin; there is a terminal instead');
  // The server reads its transport off the command line, as it does when an editor starts it by itself.
  if (!process.argv.includes('--stdio')) process.argv.push('--stdio');
  // It ends the process when the editor says so or is gone.
  await import(new URL(SERVER, import.meta.url).href);
  await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()));
  process.exit(130);
}
