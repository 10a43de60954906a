import * as vscode from 'vscode';
import type { BaseLanguageClient, LanguageClientOptions } from 'vscode-languageclient';
import { ReadFileRequest } from '../server/protocol.ts';
import { registerFeatures } from './features.ts';
import type { HostAbilities } from './host-abilities.ts';
import { readFile } from './read-file.ts';
import { RestartableClient } from './restartable-client.ts';

/** Id of the language; also the prefix under which the client reads its own setting, `sparse.trace.server`. */
export const languageId = 'sparse';

/** The desktop has processes and threads, the web workers; nothing else differs. */
export type CreateClient = (name: string, options: LanguageClientOptions) => BaseLanguageClient;

/** The server of this extension host, while the extension is active. */
let active: RestartableClient | undefined;

/**
 * Starts the language server and everything that talks to it.
 *
 * A server that does not start leaves the extension active: its commands say so, and can start it again.
 */
export async function activateExtension(
  context: vscode.ExtensionContext,
  host: HostAbilities,
  createClient: CreateClient,
): Promise<void> {
  const log = vscode.window.createOutputChannel('Sparse', { log: true });
  context.subscriptions.push(log);
  try {
    const options = clientOptions(context, log);
    const client = new RestartableClient(() => createClient('Sparse', options));
    active = client;
    context.subscriptions.push(
      client.onRequest(ReadFileRequest, params => readFile(params, log)),
      vscode.commands.registerCommand('sparse.restartServer', () => restart(client, log)),
    );
    registerFeatures(context, client, host);
    await orShow(client.start(), log);
  } catch (error) {
    // VS Code itself says nothing to the user when an extension fails to activate, and does not deactivate it.
    log.error(asError(error));
    void showFailure(`The Sparse extension could not start: ${asError(error).message}`, log);
    await deactivateExtension();
    throw error;
  }
}

/** Stops the server; VS Code waits for it to be gone. */
export async function deactivateExtension(): Promise<void> {
  const client = active;
  active = undefined;
  await client?.stop();
}

function clientOptions(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): LanguageClientOptions {
  const files = vscode.workspace.createFileSystemWatcher('**/*.sparse');
  context.subscriptions.push(files);
  return {
    // No scheme: untitled files, virtual workspaces and version-control views are served too.
    documentSelector: [{ language: languageId }],
    outputChannel: log,
    traceOutputChannel: log,
    synchronize: { fileEvents: files },
    // The codes of diagnostics link to these pages.
    initializationOptions: {
      diagnosticPages: vscode.Uri.joinPath(context.extensionUri, 'docs/diagnostics').toString(),
    },
  };
}

async function restart(client: RestartableClient, log: vscode.LogOutputChannel): Promise<void> {
  log.info('Restarting the language server');
  await orShow(client.restart(), log);
}

/** Tells the user when the server does not start. */
async function orShow(starting: Promise<void>, log: vscode.LogOutputChannel): Promise<void> {
  try {
    await starting;
  } catch (error) {
    log.error(asError(error));
    void showFailure(`The Sparse language server could not start: ${asError(error).message}`, log);
  }
}

async function showFailure(message: string, log: vscode.LogOutputChannel): Promise<void> {
  const showLog = 'Show Log';
  const restartServer = 'Restart Server';
  const choice = await vscode.window.showErrorMessage(message, showLog, restartServer);
  if (choice === showLog) log.show();
  if (choice === restartServer) await vscode.commands.executeCommand('sparse.restartServer');
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
