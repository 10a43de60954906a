import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node.js';
import { buildFirst, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const program = fileURLToPath(new URL('../../../dist/cli.mjs', import.meta.url));
const folder = temporaryFolder();
writeFileSync(path.join(folder, 'other.sparse'), 'pattern other = sliding(16)\n');
const uri = pathToFileURL(path.join(folder, 'open.sparse')).href;

/** An editor that knows nothing of `.sparse` but how to start the server: no requests of ours, few capabilities. */
class Editor {
  readonly server: ChildProcess;
  readonly connection: MessageConnection;
  readonly ended: Promise<unknown[]>;
  stderr = '';
  #published: { uri: string; diagnostics: { message: string; range: unknown; code: string }[] }[] = [];
  #wake: () => void = () => {};

  /** What it does not know, it answers with an error as Neovim does, or with null as Emacs does. */
  constructor(unknown: 'error' | 'null', ...more: string[]) {
    this.server = spawn(process.execPath, [program, 'lsp', ...more], { stdio: ['pipe', 'pipe', 'pipe'], cwd: folder });
    this.ended = once(this.server, 'close');
    this.server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.connection = createMessageConnection(
      new StreamMessageReader(this.server.stdout!),
      new StreamMessageWriter(this.server.stdin!),
    );
    this.connection.onNotification('textDocument/publishDiagnostics', params => {
      this.#published.push(params);
      this.#wake();
    });
    if (unknown === 'null') this.connection.onRequest(() => null);
    this.connection.listen();
  }

  async start(): Promise<Record<string, unknown>> {
    const { capabilities } = await this.connection.sendRequest<{ capabilities: Record<string, unknown> }>(
      'initialize',
      {
        processId: process.pid,
        rootUri: pathToFileURL(folder).href,
        capabilities: { textDocument: { hover: { contentFormat: ['markdown'] }, publishDiagnostics: {} } },
        workspaceFolders: null,
      },
    );
    await this.connection.sendNotification('initialized', {});
    return capabilities;
  }

  open(text: string): Promise<void> {
    return this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'sparse', version: 1, text },
    });
  }

  /** Waits for diagnostics that `isIt` accepts. */
  async diagnostics(isIt: (messages: readonly string[]) => boolean): Promise<readonly string[]> {
    for (;;) {
      const found = this.#published.find(
        each => each.uri === uri && isIt(each.diagnostics.map(({ message }) => message)),
      );
      if (found !== undefined) return found.diagnostics.map(({ message }) => message);
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  async stop(): Promise<unknown> {
    await this.connection.sendRequest('shutdown');
    await this.connection.sendNotification('exit');
    return (await this.ended)[0];
  }
}

let editor: Editor | undefined;
afterEach(() => {
  editor?.connection.dispose();
  editor?.server.kill();
});

describe('sparse lsp', () => {
  it.each(['error', 'null'] as const)(
    'serves an editor that answers with %s what it does not know',
    {
      timeout: 60_000,
    },
    async unknown => {
      editor = new Editor(unknown, '--stdio');
      const capabilities = await editor.start();
      expect(capabilities).toMatchObject({ hoverProvider: true, documentFormattingProvider: true });
      await editor.open('import { other } from "./other.sparse"\npattern mine = other | wnidow(8)\n');
      const mistakes = await editor.diagnostics(messages => messages.length > 0);
      expect(mistakes).toEqual([expect.stringMatching(/wnidow.*window/)]);

      await editor.connection.sendNotification('textDocument/didChange', {
        textDocument: { uri, version: 2 },
        contentChanges: [{ text: 'import { other } from "./other.sparse"\npattern mine = other|window(8)\n' }],
      });
      await editor.diagnostics(messages => messages.length === 0);

      const hover = await editor.connection.sendRequest<{ contents: { value: string } }>('textDocument/hover', {
        textDocument: { uri },
        position: { line: 1, character: 9 },
      });
      expect(hover.contents.value).toMatch(/mine/);
      expect(hover.contents.value).toMatch(/\d/);

      const definition = await editor.connection.sendRequest('textDocument/definition', {
        textDocument: { uri },
        position: { line: 1, character: 16 },
      });
      expect(JSON.stringify(definition)).toContain('other.sparse');

      const edits = await editor.connection.sendRequest<{ newText: string }[]>('textDocument/formatting', {
        textDocument: { uri },
        options: { tabSize: 8, insertSpaces: false },
      });
      expect(edits.map(({ newText }) => newText)).toEqual([' ', ' ']);

      expect(await editor.stop()).toBe(0);
      expect(editor.stderr).toBe('');
    },
  );

  it('takes what clients add to the command, and needs no --stdio', { timeout: 60_000 }, async () => {
    editor = new Editor('error', `--clientProcessId=${process.pid}`);
    expect(await editor.start()).toMatchObject({ hoverProvider: true });
    expect(await editor.stop()).toBe(0);
  });

  it('ends when the editor is gone', { timeout: 60_000 }, async () => {
    editor = new Editor('error', '--stdio');
    await editor.start();
    editor.server.stdin?.end();
    expect((await editor.ended)[0]).toBe(1);
  });

  it('ends when it was never asked anything', { timeout: 60_000 }, async () => {
    expect(await sparse(['lsp', '--stdio'], { input: '' })).toMatchObject({ code: 1, stdout: '' });
  });

  it('refuses what it does not know', async () => {
    const { code, stderr } = await sparse(['lsp', '--socket=3'], { input: '' });
    expect(stderr).toMatch(/unknown option '--socket=3'/);
    expect(code).toBe(2);
  });
});
