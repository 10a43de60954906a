// A language client over stdio, as an editor is one: it opens files, sends each edit as a change of one range, and waits
// for what the server says about that version.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  CodeLensRequest,
  CompletionRequest,
  createProtocolConnection,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DocumentSymbolRequest,
  ExitNotification,
  FoldingRangeRequest,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  InlayHintRequest,
  PublishDiagnosticsNotification,
  SemanticTokensRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node.js';

/** Arguments of Node with which client/extension.ts starts the server. */
const AS_THE_EXTENSION = ['--max-semi-space-size=8'];

/** Milliseconds after which a server that says nothing is taken for dead. */
const LIMIT = 60_000;

export class EditorClient {
  #process;
  #connection;
  /** What is waited for, by address of the file. */
  #waiting = new Map();
  #texts = new Map();
  #validated = new Map();

  /** Starts the server and says hello; `started` is when the process was asked for. */
  static async start(server, nodeArguments = []) {
    const client = new EditorClient();
    client.started = performance.now();
    client.#process = spawn(process.execPath, [...AS_THE_EXTENSION, ...nodeArguments, server, '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const connection = createProtocolConnection(
      new StreamMessageReader(client.#process.stdout),
      new StreamMessageWriter(client.#process.stdin),
    );
    client.#connection = connection;
    // The server tells which version it checked just before it sends what it found.
    connection.onNotification('sparse/validated', ({ uri, version }) => client.#validated.set(uri, version));
    connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, diagnostics }) => {
      const version = client.#validated.get(uri);
      for (const waiting of [...(client.#waiting.get(uri) ?? [])]) waiting(version, diagnostics);
    });
    connection.onRequest('sparse/readFile', () => null);
    connection.onRequest('workspace/configuration', ({ items }) => items.map(() => null));
    connection.onRequest('client/registerCapability', () => null);
    connection.onRequest('workspace/codeLens/refresh', () => null);
    connection.onRequest('workspace/inlayHint/refresh', () => null);
    connection.onRequest('workspace/semanticTokens/refresh', () => null);
    connection.listen();
    await connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: null,
      capabilities: {
        workspace: { configuration: true, codeLens: { refreshSupport: true }, inlayHint: { refreshSupport: true } },
        textDocument: { completion: { completionItem: { snippetSupport: true } } },
      },
    });
    await connection.sendNotification(InitializedNotification.type, {});
    return client;
  }

  get pid() {
    return this.#process.pid;
  }

  text(uri) {
    return this.#texts.get(uri).text;
  }

  /** Opens a file; resolves with its first diagnostics. */
  async open(uri, text) {
    this.#texts.set(uri, { text, version: 1 });
    const answer = this.#diagnosticsOf(uri, version => version >= 1);
    await this.#connection.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId: 'sparse', version: 1, text },
    });
    return answer;
  }

  async close(uri) {
    this.#texts.delete(uri);
    this.#validated.delete(uri);
    await this.#connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri } });
  }

  /** Sends the change that makes the text of a file the given one; resolves with the diagnostics about it. */
  async edit(uri, text) {
    const answer = this.#diagnosticsOf(uri, this.#next(uri));
    await this.send(uri, text);
    return answer;
  }

  /** The same without waiting. */
  async send(uri, text) {
    const before = this.#texts.get(uri);
    const version = before.version + 1;
    this.#texts.set(uri, { text, version });
    await this.#connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version },
      contentChanges: [changeBetween(before.text, text)],
    });
  }

  /** Waits until diagnostics of a file satisfy a condition. */
  until(uri, condition) {
    return this.#diagnosticsOf(uri, (_, diagnostics) => condition(diagnostics));
  }

  hover(uri, offset) {
    return this.#connection.sendRequest(HoverRequest.type, { textDocument: { uri }, position: this.#at(uri, offset) });
  }

  completion(uri, offset) {
    return this.#connection.sendRequest(CompletionRequest.type, {
      textDocument: { uri },
      position: this.#at(uri, offset),
    });
  }

  /** What an editor asks for after each pause of typing. */
  refresh(uri) {
    const textDocument = { uri };
    const end = this.#at(uri, this.text(uri).length);
    return Promise.all([
      this.#connection.sendRequest(SemanticTokensRequest.type, { textDocument }),
      this.#connection.sendRequest(DocumentSymbolRequest.type, { textDocument }),
      this.#connection.sendRequest(FoldingRangeRequest.type, { textDocument }),
      this.#connection.sendRequest(CodeLensRequest.type, { textDocument }),
      this.#connection.sendRequest(InlayHintRequest.type, {
        textDocument,
        range: { start: { line: 0, character: 0 }, end },
      }),
    ]);
  }

  request(method, parameters) {
    return this.#connection.sendRequest(method, parameters);
  }

  /** Milliseconds of processor time that the server has used, or null where the system does not tell. */
  cpu() {
    if (process.platform !== 'linux') return null;
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    // User and system time, in hundredths of a second.
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Bytes of memory that the server holds now and held at most, or null where the system does not tell. */
  memory() {
    if (process.platform !== 'linux') return null;
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const bytes = name => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
    return { now: bytes('VmRSS'), most: bytes('VmHWM') };
  }

  async stop() {
    const ended = new Promise(resolve => this.#process.once('exit', resolve));
    await this.#connection.sendRequest(ShutdownRequest.type);
    await this.#connection.sendNotification(ExitNotification.type);
    await ended;
    this.#connection.dispose();
  }

  #next(uri) {
    const version = this.#texts.get(uri).version + 1;
    return seen => seen >= version;
  }

  #diagnosticsOf(uri, condition) {
    return new Promise((resolve, reject) => {
      const all = this.#waiting.get(uri) ?? new Set();
      this.#waiting.set(uri, all);
      const timer = setTimeout(() => {
        all.delete(take);
        reject(new Error(`the server said nothing about ${uri} for ${LIMIT / 1000} seconds`));
      }, LIMIT);
      const take = (version, diagnostics) => {
        if (!condition(version, diagnostics)) return;
        clearTimeout(timer);
        all.delete(take);
        resolve(diagnostics);
      };
      all.add(take);
    });
  }

  #at(uri, offset) {
    return positionAt(this.text(uri), offset);
  }
}

function positionAt(text, offset) {
  const before = text.slice(0, offset);
  const line = before.split('\n').length - 1;
  return { line, character: offset - (before.lastIndexOf('\n') + 1) };
}

/** The one range that differs, as an editor would send it. */
function changeBetween(before, after) {
  let start = 0;
  const most = Math.min(before.length, after.length);
  while (start < most && before[start] === after[start]) start++;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return {
    range: { start: positionAt(before, start), end: positionAt(before, before.length - end) },
    text: after.slice(start, after.length - end),
  };
}
