// The process behind web-workbench.mjs. @vscode/test-web has the server; its command line cannot take an installed
// workbench together with the system's own browser, so this uses the part below it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const { default: createApp } = require('@vscode/test-web/out/server/app.js');

const { workbench, extension, folder, folderUri, port, moreExtensions } = JSON.parse(process.argv[2]);
const app = await createApp({
  build: { type: 'static', location: path.resolve(workbench), quality: 'stable', version: 'local' },
  extensionDevelopmentPath: path.resolve(extension),
  extensionTestsPath: undefined,
  extensionPaths: moreExtensions.map(each => path.resolve(each)),
  extensionIds: undefined,
  folderMountPath: folderUri === undefined ? path.resolve(folder) : undefined,
  folderUri,
  printServerLog: false,
  coi: false,
  esm: undefined,
});
// Ctrl+C in a terminal reaches this process too; the one that started it ends it, in good order.
process.on('SIGINT', () => {});

app.middleware.unshift(findFilesByName);
listen(port);

/**
 * The extension that serves the folder takes what is typed into Quick Open for a glob over whole addresses, and so finds
 * nothing. Without the glob it names every file, and the workbench picks the ones that fit.
 */
async function findFilesByName(context, next) {
  if (!context.path.endsWith('/fsExtensionMain.js')) return next();
  const file = require.resolve('@vscode/test-web/fs-provider/dist/fsExtensionMain.js');
  context.type = 'text/javascript';
  context.set('Access-Control-Allow-Origin', '*');
  context.body = readFileSync(file, 'utf8').replace('const pattern = query.pattern;', "const pattern = '';");
}

/** Takes another port when the wanted one is in use. */
function listen(wanted) {
  const server = app.listen(wanted, '127.0.0.1');
  server.once('listening', () => console.log(`listening on port ${server.address().port}`));
  server.once('error', error => {
    if (error.code !== 'EADDRINUSE' || wanted === 0) throw error;
    listen(0);
  });
}
