import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import path from 'node:path';

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface ProbeDiagnostic {
  readonly message: string;
  readonly severity: 'error' | 'warning' | 'information' | 'hint';
  readonly start: Position;
  readonly end: Position;
  readonly code: string | null;
}

/** What the probe extension can be asked, see probe/probe.cjs. `file` is a path inside the opened folder, or a URI. */
export interface ProbeRequests {
  workspaceUri: { params: Record<string, never>; result: string | null };
  /** base64 */
  readFile: { params: { file: string }; result: string };
  writeFile: { params: { file: string; text: string }; result: null };
  /** Shows a file that was never saved, whose URI comes back. */
  openUntitled: { params: { text: string }; result: string };
  /** Shows two files beside each other, as source control does. */
  diff: { params: { left: string; right: string }; result: null };
  /** URIs of the files with a reference to what stands there. */
  references: { params: { file: string; line: number; character: number }; result: string[] };
  open: { params: { file: string }; result: null };
  rename: { params: { from: string; to: string }; result: boolean };
  delete: { params: { file: string }; result: boolean };
  diagnostics: { params: { file: string }; result: ProbeDiagnostic[] };
  text: { params: { file: string }; result: string };
  /** Replaces the first occurrence of `from` (null: everything). */
  replaceText: { params: { file: string; from: string | null; to: string }; result: boolean };
  activeEditor: {
    params: Record<string, never>;
    result: { file: string; languageId: string; line: number; character: number } | null;
  };
  extension: { params: { id: string }; result: { isActive: boolean; runsIn: 'node' | 'worker' } | null };
  configure: { params: { key: string; value: unknown }; result: null };
  executeCommand: { params: { command: string; args: unknown[] }; result: unknown };
  /** Starts a command; the time at which it did, as Date.now() has it. */
  startCommand: { params: { command: string; args: unknown[] }; result: number };
  /** Milliseconds until a webview without anything in it runs its script. */
  emptyWebview: { params: Record<string, never>; result: number };
  clipboard: { params: Record<string, never>; result: string };
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The test's end of the connection to the probe extension: hands out requests and receives the answers. */
export class ProbeBridge {
  private readonly waiting: ServerResponse[] = [];
  private readonly queue: string[] = [];
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private readonly server = createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Content-Type', 'application/json');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.receive(Buffer.concat(chunks).toString(), response));
  });

  async listen(): Promise<void> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve));
  }

  /** A copy of the probe extension that knows where to find this bridge. */
  writeExtension(folder: string): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('The bridge is not listening');
    cpSync(path.join(import.meta.dirname, 'probe'), folder, { recursive: true });
    const manifest: Record<string, unknown> = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    manifest.bridge = `http://127.0.0.1:${address.port}/`;
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
    return folder;
  }

  /** @throws what the extension threw, or after `timeoutMs` without an answer */
  ask<K extends keyof ProbeRequests>(
    method: K,
    params: ProbeRequests[K]['params'],
    timeoutMs = 30_000,
  ): Promise<ProbeRequests[K]['result']> {
    const id = ++this.lastId;
    this.queue.push(JSON.stringify({ id, method, params }));
    this.handOut();
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.pending.delete(id);
        reject(new Error(`The extension host did not answer ${method}(${JSON.stringify(params)}) in ${timeoutMs} ms`));
      }, timeoutMs);
      this.pending.set(id, {
        resolve: value => {
          clearTimeout(late);
          resolve(value as ProbeRequests[K]['result']);
        },
        reject: error => {
          clearTimeout(late);
          reject(error);
        },
      });
    });
  }

  async close(): Promise<void> {
    for (const response of this.waiting) response.end('{}');
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }

  private receive(body: string, response: ServerResponse): void {
    const message: { next?: true; id?: number; result?: unknown; error?: string } = JSON.parse(body || '{}');
    if (message.next === true) {
      this.waiting.push(response);
      response.on('close', () => {
        const index = this.waiting.indexOf(response);
        if (index >= 0) this.waiting.splice(index, 1);
      });
      this.handOut();
      return;
    }
    response.end('{}');
    const pending = message.id === undefined ? undefined : this.pending.get(message.id);
    if (message.id === undefined || pending === undefined) return;
    this.pending.delete(message.id);
    if (message.error === undefined) pending.resolve(message.result);
    else pending.reject(new Error(message.error));
  }

  private handOut(): void {
    while (this.queue.length > 0) {
      const response = this.waiting.shift();
      if (response === undefined) return;
      response.end(this.queue.shift());
    }
  }
}
