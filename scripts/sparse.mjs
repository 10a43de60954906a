// The command-line tool from the sources: brings the build up to date without a word on stdout, then runs it in this
// process, so that its exit code, signals and terminal are its own.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { EnsureError, ensureBuilt, ensureInstalled } from './ensure.mjs';
import { projectRoot } from './project-root.mjs';

const cli = path.join(projectRoot, 'dist/cli.mjs');
try {
  ensureInstalled();
  ensureBuilt();
} catch (error) {
  if (!(error instanceof EnsureError)) throw error;
  console.error(error.message);
  process.exit(2);
}
// npm changes to the folder of package.json; the paths a person types are meant from where that person is.
if (process.env.npm_lifecycle_event === 'sparse' && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
process.argv[1] = cli;
await import(pathToFileURL(cli).href);
