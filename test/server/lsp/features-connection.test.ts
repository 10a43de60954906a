import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createConnection,
  createProtocolConnection,
  ProposedFeatures,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node.js';
import {
  type ClientCapabilities,
  CodeLensRefreshRequest,
  CodeLensRequest,
  ConfigurationRequest,
  DidChangeConfigurationNotification,
  DidChangeTextDocumentNotification,
  DidChangeWatchedFilesNotification,
  DidOpenTextDocumentNotification,
  DocumentFormattingRequest,
  InitializedNotification,
  InitializeRequest,
  type InitializeResult,
  type InlayHint,
  InlayHintRefreshRequest,
  InlayHintRequest,
  LinkedEditingRangeRequest,
  RegistrationRequest,
  SelectionRangeRequest,
  SemanticTokensRequest,
  WorkspaceSymbolRequest,
} from 'vscode-languageserver-protocol';
import { startSparseServer } from '../../../server/lsp/start.ts';
import { ReadFileRequest, WorkspaceFilesRequest } from '../../../server/protocol.ts';

const URI = 'file:///main.sparse';
const textDocument = { uri: URI };
const range = { start: { line: 0, character: 0 }, end: { line: 100, character: 0 } };

let client: ProtocolConnection;
afterEach(() => {
  // Not the server: what it has begun would find its connection refusing, an error that no test waits for.
  client.dispose();
});

/** A client of the real server, over two pipes. */
async function start(
  capabilities: ClientCapabilities,
  handlers: (client: ProtocolConnection) => void = () => undefined,
) {
  const [up, down] = [new PassThrough(), new PassThrough()];
  const server = createConnection(ProposedFeatures.all, new StreamMessageReader(up), new StreamMessageWriter(down));
  startSparseServer(server);
  client = createProtocolConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
  handlers(client);
  client.listen();
  const result: InitializeResult = await client.sendRequest(InitializeRequest.type, {
    processId: null,
    rootUri: null,
    capabilities,
  });
  await client.sendNotification(InitializedNotification.type, {});
  return result;
}

const open = (text: string) =>
  client.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { ...textDocument, languageId: 'sparse', version: 1, text },
  });

const labels = async (): Promise<unknown[]> =>
  ((await client.sendRequest(InlayHintRequest.type, { textDocument, range })) ?? []).map(
    ({ label }: InlayHint) => label,
  );

const TEXT = 'pattern a = window(8, 2)\n';

describe('what the server offers', () => {
  test('every feature is announced', async () => {
    const { capabilities } = await start({});
    expect(capabilities).toMatchObject({
      documentFormattingProvider: true,
      documentRangeFormattingProvider: true,
      documentOnTypeFormattingProvider: { firstTriggerCharacter: '}', moreTriggerCharacter: ['\n'] },
      signatureHelpProvider: { triggerCharacters: ['(', ','] },
      semanticTokensProvider: { range: true },
      foldingRangeProvider: true,
      selectionRangeProvider: true,
      documentHighlightProvider: true,
      workspaceSymbolProvider: expect.anything(),
      documentLinkProvider: expect.anything(),
      callHierarchyProvider: expect.anything(),
      inlayHintProvider: expect.anything(),
      linkedEditingRangeProvider: true,
      renameProvider: { prepareProvider: true },
      referencesProvider: true,
      codeActionProvider: expect.anything(),
      codeLensProvider: expect.anything(),
    });
  });

  test('selection ranges come over the wire', async () => {
    await start({});
    await open('const a = 12\n');
    const [selection] =
      (await client.sendRequest(SelectionRangeRequest.type, {
        textDocument,
        positions: [{ line: 0, character: 11 }],
      })) ?? [];
    expect(selection).toMatchObject({
      range: { start: { line: 0, character: 10 }, end: { line: 0, character: 12 } },
      parent: { range: { start: { line: 0, character: 0 }, end: { line: 0, character: 12 } } },
    });
    const nobody = { textDocument: { uri: 'file:///nobody.sparse' }, positions: [] };
    expect(await client.sendRequest(SelectionRangeRequest.type, nobody)).toBeNull();
  });

  test('names of one declaration are edited together, unless another file may use them', async () => {
    let workspace: string[] = [];
    await start({}, connection => {
      connection.onRequest(WorkspaceFilesRequest, () => workspace);
      connection.onRequest(ReadFileRequest, () => ({
        text: 'import { a } from "./main.sparse"\npattern c = a(size: 2)\n',
      }));
    });
    await open('pattern a(size = 3) = window(size)\n');
    const linked = () =>
      client.sendRequest(LinkedEditingRangeRequest.type, { textDocument, position: { line: 0, character: 11 } });
    expect((await linked())?.ranges.map(each => each.start.character).sort((a, b) => a - b)).toEqual([10, 29]);
    workspace = ['file:///user.sparse'];
    await client.sendNotification(DidChangeWatchedFilesNotification.type, {
      changes: [{ uri: 'file:///user.sparse', type: 1 }],
    });
    expect(await linked()).toBeNull();
  });

  test('symbols of files that are not open come over the wire, and clients without a workspace have none', async () => {
    await start({}, connection => {
      connection.onRequest(WorkspaceFilesRequest, () => ['file:///other.sparse']);
      connection.onRequest(ReadFileRequest, () => ({ text: 'pattern elsewhere = full()\n' }));
    });
    const symbols = () => client.sendRequest(WorkspaceSymbolRequest.type, { query: 'else' });
    expect(await symbols()).toMatchObject([{ name: 'elsewhere', location: { uri: 'file:///other.sparse' } }]);
    client.dispose();
    await start({});
    expect(await symbols()).toEqual([]);
  });

  test('answers are about the text as it is, however fast it changes', async () => {
    await start({});
    await open(TEXT);
    for (let version = 2; version < 30; version++) {
      const text = `${'\n'.repeat(version)}const  a = 1\n`;
      void client.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri: URI, version },
        contentChanges: [{ text }],
      });
      if (version % 3 === 0) {
        const tokens = await client.sendRequest(SemanticTokensRequest.type, { textDocument });
        expect(tokens?.data.slice(0, 3)).toEqual([version, 7, 1]);
      } else if (version % 3 === 1) {
        const options = { tabSize: 2, insertSpaces: true };
        const edits = await client.sendRequest(DocumentFormattingRequest.type, { textDocument, options });
        expect(edits?.map(edit => edit.range.start.line)).toEqual([0, version]);
      }
    }
  });
});

describe('settings', () => {
  test('an editor without any gets all hints', async () => {
    await start({});
    await open(TEXT);
    await expect.poll(labels).toEqual(['dilation:', expect.stringMatching(/%$/)]);
  });

  test('they are asked for at the start and when they change, and hints are shown anew', async () => {
    let settings: unknown = { inlayHints: { density: false, parameterNames: true } };
    let refreshed = 0;
    await start({ workspace: { configuration: true, inlayHint: { refreshSupport: true } } }, connection => {
      connection.onRequest(RegistrationRequest.type, () => undefined);
      connection.onRequest(ConfigurationRequest.type, ({ items }) => items.map(() => settings));
      connection.onRequest(InlayHintRefreshRequest.type, () => {
        refreshed++;
      });
    });
    await open(TEXT);
    await expect.poll(labels).toEqual(['dilation:']);
    await expect.poll(() => refreshed).toBeGreaterThan(0);

    const before = refreshed;
    settings = { inlayHints: { density: false, parameterNames: false } };
    // Editors that are asked say only that something changed.
    await client.sendNotification(DidChangeConfigurationNotification.type, { settings: null });
    await expect.poll(labels).toEqual([]);
    await expect.poll(() => refreshed).toBeGreaterThan(before);

    const pushed = { sparse: { inlayHints: { density: false, parameterNames: true } } };
    await client.sendNotification(DidChangeConfigurationNotification.type, { settings: pushed });
    await expect.poll(labels).toEqual(['dilation:']);
  });

  test('lenses can be switched off, and are shown anew', async () => {
    let refreshed = 0;
    await start({ workspace: { codeLens: { refreshSupport: true } } }, connection => {
      connection.onRequest(CodeLensRefreshRequest.type, () => {
        refreshed++;
      });
    });
    await open(TEXT);
    const lenses = async () =>
      ((await client.sendRequest(CodeLensRequest.type, { textDocument })) ?? []).map(({ command }) => command?.title);
    const density = expect.stringContaining('density');
    await expect.poll(lenses).toEqual(['Preview', 'Run', 'Export', density]);
    const set = (codeLens: object) =>
      client.sendNotification(DidChangeConfigurationNotification.type, { settings: { sparse: { codeLens } } });
    const before = refreshed;
    await set({ actions: false });
    await expect.poll(lenses).toEqual([density]);
    await expect.poll(() => refreshed).toBeGreaterThan(before);
    await set({ density: false });
    await expect.poll(lenses).toEqual(['Preview', 'Run', 'Export']);
    await set({ actions: false, density: false });
    await expect.poll(lenses).toEqual([]);
  });

  test('an editor that refuses to answer does no harm', async () => {
    await start({ workspace: { configuration: true } }, connection => {
      connection.onRequest(ConfigurationRequest.type, () => {
        throw new Error('no settings here');
      });
    });
    await open(TEXT);
    await expect.poll(labels).toHaveLength(2);
  });
});

test('what takes long is counted in a pause, and the editor is told to ask again', async () => {
  const lens = async (): Promise<string | undefined> =>
    (await client.sendRequest(CodeLensRequest.type, { textDocument }))?.at(-1)?.command?.title;
  const told = { hints: 0, lens: 0 };
  await start(
    { workspace: { codeLens: { refreshSupport: true }, inlayHint: { refreshSupport: true } } },
    connection => {
      connection.onRequest(InlayHintRefreshRequest.type, () => void told.hints++);
      connection.onRequest(CodeLensRefreshRequest.type, () => void told.lens++);
    },
  );
  await open('pattern slow = where (i, j) => (i * j) % 61 == 3\nmodel M { tokens = 700 attention = slow() }\n');
  await labels();
  const before = { ...told };
  // On a busy machine the first pauses may be too short, and what took too long rests for seconds until it is asked for.
  const isTold = async (): Promise<boolean> => {
    await labels();
    return told.hints > before.hints && told.lens > before.lens;
  };
  await expect.poll(isTold, { timeout: 30_000, interval: 500 }).toBe(true);
  await expect.poll(labels, { timeout: 20_000, interval: 500 }).toEqual(['1.61%', '1.61%']);
  await expect.poll(lens, { timeout: 20_000, interval: 500 }).toBe('density 1.61% at 700 tokens');
});
