import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createConnection,
  createProtocolConnection,
  ProposedFeatures,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node.js';
import {
  DidChangeTextDocumentNotification,
  DidChangeWatchedFilesNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  PublishDiagnosticsNotification,
} from 'vscode-languageserver-protocol';
import { startSparseServer } from '../../../server/lsp/start.ts';
import {
  AdjustRequest,
  DeclarationsRequest,
  LowerRequest,
  ReadFileRequest,
  ValidatedNotification,
} from '../../../server/protocol.ts';

const URI = 'file:///main.sparse';

/** A client of the real server, over two pipes. */
let client: ProtocolConnection;
const files = new Map<string, string>();
const diagnostics = new Map<string, string[]>();
const validated: string[] = [];

beforeEach(async () => {
  files.clear();
  diagnostics.clear();
  validated.length = 0;
  const [up, down] = [new PassThrough(), new PassThrough()];
  const server = createConnection(ProposedFeatures.all, new StreamMessageReader(up), new StreamMessageWriter(down));
  startSparseServer(server);
  client = createProtocolConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
  client.onRequest(ReadFileRequest, ({ uri }) => {
    const text = files.get(uri);
    return text === undefined ? null : { text };
  });
  client.onNotification(PublishDiagnosticsNotification.type, ({ uri, diagnostics: list }) => {
    diagnostics.set(
      uri,
      list.map(({ code }) => String(code)),
    );
  });
  client.onNotification(ValidatedNotification, ({ uri, version }) => {
    validated.push(`${uri} ${version}`);
  });
  client.listen();
  await client.sendRequest(InitializeRequest.type, { processId: null, rootUri: null, capabilities: {} });
  await client.sendNotification(InitializedNotification.type, {});
});

afterEach(() => {
  // Not the server: what it has begun would find its connection refusing, an error that no test waits for.
  client.dispose();
});

const open = (text: string, uri = URI) =>
  client.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: 'sparse', version: 1, text },
  });
const change = (text: string, version: number, uri = URI) =>
  client.sendNotification(DidChangeTextDocumentNotification.type, {
    textDocument: { uri, version },
    contentChanges: [{ text }],
  });

/** Waits for a state that messages of the server bring about. */
async function eventually(check: () => void): Promise<void> {
  await expect
    .poll(
      () => {
        check();
        return true;
      },
      { timeout: 10_000 },
    )
    .toBe(true);
}

describe('requests', () => {
  test('declarations and lowering, right after opening', async () => {
    await open('pattern a = window(8)\nconst c = 3\npattern b(x) = a\nmodel M { tokens = 64 attention = a }');
    expect(await client.sendRequest(DeclarationsRequest, { uri: URI })).toMatchObject({
      version: 1,
      errors: 0,
      declarations: [
        { name: 'a', kind: 'pattern', problem: null, nameRange: { start: { line: 0, character: 8 } } },
        { name: 'b', kind: 'pattern', problem: expect.stringContaining('needs x') },
        { name: 'M', kind: 'model', problem: null },
      ],
    });
    expect(await client.sendRequest(LowerRequest, { uri: URI, name: 'M', tokens: 128 })).toMatchObject({
      ok: true,
      version: 1,
      model: { name: 'M', tokens: 128 },
    });
    expect(await client.sendRequest(LowerRequest, { uri: URI, name: 'nobody' })).toMatchObject({
      ok: false,
      message: expect.stringContaining('nobody'),
    });
    expect(await client.sendRequest(LowerRequest, { uri: URI, name: 'b' })).toMatchObject({
      ok: false,
      message: expect.stringContaining('needs x'),
    });
  });

  test('a declaration with other values, and how to write them', async () => {
    await open('\npattern a(size = 8) = window(size)');
    const adjustments = { size: 16 };
    const [plain, adjusted] = [
      await client.sendRequest(LowerRequest, { uri: URI, name: 'a' }),
      await client.sendRequest(LowerRequest, { uri: URI, name: 'a', adjustments }),
    ];
    expect(plain).toMatchObject({ ok: true, adjustables: [{ id: 'size', value: { op: 'number', value: 8 } }] });
    if (!plain?.ok || !adjusted?.ok) throw new Error('not lowered');
    expect(adjusted.adjustables).toEqual(plain.adjustables);
    expect(JSON.stringify(adjusted.model)).toBe(
      JSON.stringify(plain.model).replace('"op":"number","value":8', '"op":"number","value":16'),
    );
    expect(await client.sendRequest(AdjustRequest, { uri: URI, name: 'a', adjustments })).toEqual({
      version: 1,
      edits: [{ range: { start: { line: 1, character: 17 }, end: { line: 1, character: 18 } }, text: '16' }],
    });
    expect(await client.sendRequest(AdjustRequest, { uri: URI, name: 'gone', adjustments })).toBeNull();
  });

  test('a file with errors answers with the first of them', async () => {
    await open('pattern a = window(-3)\npattern b = full()');
    expect(await client.sendRequest(LowerRequest, { uri: URI, name: 'b' })).toEqual({
      ok: false,
      version: 1,
      message: expect.stringContaining('-3'),
      range: { start: { line: 0, character: 19 }, end: { line: 0, character: 21 } },
    });
  });

  test('never answers about an older text', async () => {
    await open('pattern a = window(0)');
    for (let version = 2; version < 40; version++) {
      void change(`pattern a = window(${version})`, version);
      const result = await client.sendRequest(LowerRequest, { uri: URI, name: 'a' });
      expect(result).toMatchObject({ ok: true, version });
      expect(JSON.stringify(result)).toContain(`"op":"number","value":${version}`);
    }
  });

  test('many changes at once: the last one is answered', async () => {
    await open('pattern a = window(0)');
    for (let version = 2; version < 60; version++) void change(`pattern a = window(${version})`, version);
    const result = await client.sendRequest(LowerRequest, { uri: URI, name: 'a' });
    expect(result).toMatchObject({ ok: true, version: 59 });
    expect(JSON.stringify(result)).toContain('"value":59');
  });

  test('not even while the server is busy with another file', async () => {
    await open('pattern a = window(1)');
    expect(await client.sendRequest(LowerRequest, { uri: URI, name: 'a' })).toMatchObject({ ok: true, version: 1 });
    let release = (): void => undefined;
    const asked = new Promise<void>(resolve => {
      client.onRequest(ReadFileRequest, () => {
        resolve();
        return new Promise(answer => {
          release = () => answer({ text: 'pattern y = full()' });
        });
      });
    });
    await open('import { y } from "slow.sparse"\npattern b = y', 'file:///busy.sparse');
    await asked;
    await change('pattern a = window(2)', 2);
    const answer = client.sendRequest(LowerRequest, { uri: URI, name: 'a' });
    setTimeout(() => release(), 100);
    const result = await answer;
    expect(result).toMatchObject({ ok: true, version: 2 });
    expect(JSON.stringify(result)).toContain('"op":"number","value":2');
  });

  test('a file that nests too deeply to be parsed is answered, and announced', async () => {
    await open(`pattern a = ${'('.repeat(20_000)}full()${')'.repeat(20_000)}`);
    expect(await client.sendRequest(DeclarationsRequest, { uri: URI })).toMatchObject({ version: 1, errors: 1 });
    expect(await client.sendRequest(LowerRequest, { uri: URI, name: 'a' })).toMatchObject({
      ok: false,
      message: expect.stringContaining('nests too deeply'),
    });
    await eventually(() => expect(validated).toEqual([`${URI} 1`]));
    await change('pattern a = full()', 2);
    expect(await client.sendRequest(LowerRequest, { uri: URI, name: 'a' })).toMatchObject({ ok: true, version: 2 });
  });

  test('files that are not open have no answer', async () => {
    expect(await client.sendRequest(DeclarationsRequest, { uri: 'file:///nobody.sparse' })).toBeNull();
    expect(await client.sendRequest(LowerRequest, { uri: 'file:///nobody.sparse', name: 'a' })).toBeNull();
  });
});

describe('messages', () => {
  test('diagnostics follow the text, and each version is announced when it was checked', async () => {
    await open('pattern a = windw(3)');
    await eventually(() => expect(diagnostics.get(URI)).toEqual(['unknown-name']));
    await change('pattern a = window(3)', 2);
    await eventually(() => expect(diagnostics.get(URI)).toEqual([]));
    await eventually(() => expect(validated).toEqual([`${URI} 1`, `${URI} 2`]));
  });

  test('imports are read through the client, and followed when they change', async () => {
    const library = 'file:///lib/l.sparse';
    files.set(library, 'pattern y = full()');
    await open('import { y } from "./lib/l.sparse"\npattern a = y');
    expect(await client.sendRequest(LowerRequest, { uri: URI, name: 'a' })).toMatchObject({ ok: true });
    // Only open documents are announced.
    expect(validated.filter(line => line.includes('l.sparse'))).toEqual([]);

    files.set(library, 'pattern z = full()');
    await client.sendNotification(DidChangeWatchedFilesNotification.type, { changes: [{ uri: library, type: 2 }] });
    await eventually(() => expect(diagnostics.get(URI)).toEqual(['import-name']));

    files.delete(library);
    await client.sendNotification(DidChangeWatchedFilesNotification.type, { changes: [{ uri: library, type: 3 }] });
    await eventually(() => expect(diagnostics.get(URI)).toEqual(['import-file']));

    files.set(library, 'pattern y = none()');
    await client.sendNotification(DidChangeWatchedFilesNotification.type, { changes: [{ uri: library, type: 1 }] });
    await eventually(() => expect(diagnostics.get(URI)).toEqual([]));

    // An open file counts as it is in the editor; closed, as it is stored.
    await open('pattern renamed = full()', library);
    await eventually(() => expect(diagnostics.get(URI)).toEqual(['import-name']));
    await client.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri: library } });
    await eventually(() => expect(diagnostics.get(URI)).toEqual([]));
  });

  test('a closed file leaves no messages behind', async () => {
    await open('pattern a = windw(3)');
    await eventually(() => expect(diagnostics.get(URI)).toEqual(['unknown-name']));
    await client.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri: URI } });
    await eventually(() => expect(diagnostics.get(URI)).toEqual([]));
    await open('pattern a = windw(4)');
    await eventually(() => expect(diagnostics.get(URI)).toEqual(['unknown-name']));
  });

  test("changes of other files are nobody's business", async () => {
    await open('pattern a = full()');
    await eventually(() => expect(validated).toHaveLength(1));
    files.set('file:///other.sparse', 'pattern b = windw(3)');
    await client.sendNotification(DidChangeWatchedFilesNotification.type, {
      changes: [{ uri: 'file:///other.sparse', type: 1 }],
    });
    expect(await client.sendRequest(DeclarationsRequest, { uri: URI })).toMatchObject({ version: 1 });
    expect(diagnostics.has('file:///other.sparse')).toBe(false);
  });

  test('a hover comes over the wire', async () => {
    await open('model M { tokens = 64 attention = causal() }');
    await client.sendRequest(DeclarationsRequest, { uri: URI });
    const hover = await client.sendRequest(HoverRequest.type, {
      textDocument: { uri: URI },
      position: { line: 0, character: 36 },
    });
    expect(hover?.contents).toMatchObject({
      kind: 'markdown',
      value: expect.stringContaining('**2,080 pairs** of 4,096'),
    });
  });
});
