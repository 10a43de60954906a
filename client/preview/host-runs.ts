import * as vscode from 'vscode';
import type { RunsInHost } from '../host-abilities.ts';
import { RunClient } from '../run/run-client.ts';
import type { RunFound, RunRequest, RunStep } from '../run/run-request.ts';
import { readTensorFile } from './tensor-file.ts';

/** A process that nobody asked for so long is ended: it holds a device, and memory. */
const IDLE_MS = 10 * 60_000;

/** Runs attention on the machine of the extension host, for all previews. */
export class HostRuns {
  readonly #host: RunsInHost | undefined;
  #client: RunClient | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #underWay = 0;

  constructor(context: vscode.ExtensionContext, host: RunsInHost | undefined) {
    this.#host = host;
    context.subscriptions.push({ dispose: () => this.#end() });
  }

  /** Has this extension host a machine of its own? A web worker has not. */
  get available(): boolean {
    return this.#host !== undefined;
  }

  /** Rejects with an AbortError when the signal fires. */
  async run(request: RunRequest, signal: AbortSignal, onStep: (step: RunStep) => void): Promise<RunFound> {
    const host = this.#host;
    if (host === undefined) throw new Error('This extension host runs in a browser and has no GPU of its own.');
    clearTimeout(this.#idle);
    this.#underWay++;
    try {
      this.#client ??= new RunClient(events => host.start(dawnOf(host), events));
      const question = { kind: 'run', request: await withTensors(request), memoryLimit: host.memoryLimit } as const;
      return await this.#client.ask(question, { signal, onStep });
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#idle = setTimeout(() => this.#end(), IDLE_MS);
    }
  }

  #end(): void {
    clearTimeout(this.#idle);
    this.#client?.dispose();
    this.#client = undefined;
  }
}

/** Looked for anew with each process: the user may have installed it meanwhile. Throws when it is missing. */
function dawnOf(host: RunsInHost): string {
  const configured = vscode.workspace.getConfiguration('sparse.run').get('dawnModule', '');
  // It is native code: only folders that the user trusts may bring it.
  const folders = vscode.workspace.isTrusted
    ? (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath)
    : [];
  const found = host.findDawn(configured, folders);
  if ('reason' in found) throw new Error(found.reason);
  return found.file;
}

/** The page sends no tensors along: their file is nearer. */
async function withTensors(request: RunRequest): Promise<RunRequest> {
  const { data } = request;
  if (data.kind !== 'tensors') return request;
  const read = await readTensorFile(vscode.Uri.parse(data.uri));
  if (read === null || 'problem' in read) throw new Error(read?.problem ?? `${data.name} is gone.`);
  return { ...request, data: { ...data, bytes: read.bytes, tensors: read.tensors } };
}
