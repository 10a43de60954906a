import * as vscode from 'vscode';
import type { LanguageClientOptions, MessageTransports } from 'vscode-languageclient';
import { BaseLanguageClient, BrowserMessageReader, BrowserMessageWriter } from 'vscode-languageclient/browser.js';
import { workspacePlaces } from './export/workspace-places.ts';
import { jobRunner } from './jobs/run-job.ts';
import { webThread } from './jobs/web-thread.ts';
import { activateExtension, languageId } from './language-client.ts';

export { deactivateExtension as deactivate } from './language-client.ts';

/** Entry point in a web worker extension host: VS Code for the Web. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const script = vscode.Uri.joinPath(context.extensionUri, 'dist', 'server.web.js').toString(true);
  const jobs = vscode.Uri.joinPath(context.extensionUri, 'dist', 'job-worker.js').toString(true);
  const runner = jobRunner(() => webThread(jobs));
  await activateExtension(
    context,
    { ...runner, places: workspacePlaces },
    (name, options) => new WorkerLanguageClient(name, options, script),
  );
}

/** Starts a worker every time it starts, as it does after a crash too: a worker that has ended cannot be used again. */
class WorkerLanguageClient extends BaseLanguageClient {
  private readonly script: string;
  private worker: Worker | undefined;

  constructor(name: string, options: LanguageClientOptions, script: string) {
    super(languageId, name, options);
    this.script = script;
  }

  protected override createMessageTransports(): Promise<MessageTransports> {
    this.worker?.terminate();
    const worker = new Worker(this.script);
    this.worker = worker;
    return Promise.resolve({ reader: new BrowserMessageReader(worker), writer: new BrowserMessageWriter(worker) });
  }

  override async stop(timeout?: number): Promise<void> {
    try {
      await super.stop(timeout);
    } finally {
      this.worker?.terminate();
      this.worker = undefined;
    }
  }
}
