// The process behind web-workbench.mjs. @vscode/test-web has the server; its command line cannot take an installed
// workbench together with the system's own browser, so this uses the part below it.
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const { default: createApp } = require('@vscode/test-web/out/server/app.js');

const { workbench, extension, folder, port, moreExtensions } = JSON.parse(process.argv[2]);
const app = await createApp({
  build: { type: 'static', location: path.resolve(workbench), quality: 'stable', version: 'local' },
  extensionDevelopmentPath: path.resolve(extension),
  extensionTestsPath: undefined,
  extensionPaths: moreExtensions.map(each => path.resolve(each)),
  extensionIds: undefined,
  folderMountPath: path.resolve(folder),
  folderUri: undefined,
  printServerLog: false,
  coi: false,
  esm: undefined,
});
listen(port);

/** Takes another port when the wanted one is in use. */
function listen(wanted) {
  const server = app.listen(wanted, '127.0.0.1');
  server.once('listening', () => console.log(`listening on port ${server.address().port}`));
  server.once('error', error => {
    if (error.code !== 'EADDRINUSE' || wanted === 0) throw error;
    listen(0);
  });
}
