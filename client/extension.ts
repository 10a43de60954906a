import { totalmem } from 'node:os';
import * as vscode from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node.js';
import { hostPlaces } from './export/host-places.node.ts';
import type { RunsInHost } from './host-abilities.ts';
import { nodeThread } from './jobs/node-thread.ts';
import { jobRunner } from './jobs/run-job.ts';
import { activateExtension, languageId } from './language-client.ts';

import { findDawn } from './run/find-dawn.node.ts';
import { runProcess } from './run/process-port.node.ts';

export { deactivateExtension as deactivate } from './language-client.ts';

/** Entry point in a Node extension host: the desktop, and the remote side of a window. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const module = vscode.Uri.joinPath(context.extensionUri, 'dist', 'server.cjs').fsPath;
  const jobs = vscode.Uri.joinPath(context.extensionUri, 'dist', 'job-worker.js').fsPath;
  const runner = jobRunner(() => nodeThread(jobs));
  const script = (name: string): string => vscode.Uri.joinPath(context.extensionUri, 'dist', name).fsPath;
  const runs: RunsInHost = {
    findDawn,
    start: (dawn, events) =>
      runProcess({ main: script('run-process.cjs'), worker: script('compute-worker.js'), dawn }, events),
    // The kernels make copies of what they are given.
    memoryLimit: totalmem() / 4,
  };
  await activateExtension(context, { ...runner, places: hostPlaces, runs }, (name, options) => {
    // Newer versions of Node let the memory for what lives shortly grow several times as large, for nothing.
    const execArgv = ['--max-semi-space-size=8'];
    const run = { module, transport: TransportKind.ipc, options: { execArgv } };
    const debug = { ...run, options: { execArgv: [...execArgv, '--nolazy', '--enable-source-maps'] } };
    return new LanguageClient(languageId, name, { run, debug }, options);
  });
}
