import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createConnection,
  createProtocolConnection,
  ProposedFeatures,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node.js';
import {
  CodeActionRequest,
  type Diagnostic,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  InitializedNotification,
  InitializeRequest,
  PublishDiagnosticsNotification,
} from 'vscode-languageserver-protocol';
import { startSparseServer } from '../../../server/lsp/start.ts';

const URI = 'file:///main.sparse';

let client: ProtocolConnection;
/** Everything that was said about the file, in order. */
let sent: Diagnostic[][];

beforeEach(async () => {
  sent = [];
  const [up, down] = [new PassThrough(), new PassThrough()];
  const server = createConnection(ProposedFeatures.all, new StreamMessageReader(up), new StreamMessageWriter(down));
  startSparseServer(server);
  client = createProtocolConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
  client.onNotification(PublishDiagnosticsNotification.type, ({ diagnostics }) => void sent.push(diagnostics));
  client.listen();
  await client.sendRequest(InitializeRequest.type, {
    processId: null,
    rootUri: null,
    capabilities: {},
    initializationOptions: { diagnosticPages: 'file:///extension/docs/diagnostics' },
  });
  await client.sendNotification(InitializedNotification.type, {});
});

afterEach(() => {
  // Not the server: what it has begun would find its connection refusing, an error that no test waits for.
  client.dispose();
});

const open = (text: string) =>
  client.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri: URI, languageId: 'sparse', version: 1, text },
  });
const change = (text: string) =>
  client.sendNotification(DidChangeTextDocumentNotification.type, {
    textDocument: { uri: URI, version: 2 },
    contentChanges: [{ text }],
  });
const codes = () => (sent.at(-1) ?? []).map(({ code }) => String(code));

/** Patterns that take the compiler much longer than mistakes may wait. */
const slow = Array.from({ length: 60 }, (_, k) => `pattern p${k} = random(${k + 3}) | random(${k + 2}, seed: 1)`).join(
  '\n',
);
const last = 'pattern last = window(8) | window(64)';

test('a diagnostic links to its page, names other places and can be mended', async () => {
  await open(last);
  await expect.poll(codes, { timeout: 20_000 }).toEqual(['redundant-operand']);
  const [diagnostic] = sent.at(-1) ?? [];
  expect(diagnostic).toMatchObject({
    codeDescription: { href: 'file:///extension/docs/diagnostics/redundant-operand.md' },
    relatedInformation: [{ location: { uri: URI, range: { start: { line: 0, character: 27 } } } }],
  });
  const actions = await client.sendRequest(CodeActionRequest.type, {
    textDocument: { uri: URI },
    range: diagnostic!.range,
    context: { diagnostics: [diagnostic!], only: ['quickfix'] },
  });
  expect(actions).toMatchObject([{ title: 'Remove window(8)', kind: 'quickfix', isPreferred: true }]);
});

test('what takes long comes later, and mistakes do not wait for it', { timeout: 60_000 }, async () => {
  await open(`${slow}\npattern wrong = windw(3)\n${last}`);
  await expect.poll(() => sent.length, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(sent[0]?.map(({ code }) => code)).toEqual(['unknown-name']);
  await expect.poll(codes, { timeout: 40_000 }).toEqual(['unknown-name', 'redundant-operand']);
});

test('the next edit ends what is under way', { timeout: 60_000 }, async () => {
  await open(`${slow}\n${last}`);
  await expect.poll(() => sent.length, { timeout: 20_000 }).toBeGreaterThan(0);
  await change('pattern a = windw(3)');
  await expect.poll(codes, { timeout: 10_000 }).toEqual(['unknown-name']);
  await new Promise(resolve => setTimeout(resolve, 500));
  expect(codes()).toEqual(['unknown-name']);
  expect(sent.flat().some(({ code }) => code === 'redundant-operand')).toBe(false);
});

test('a fact that takes long is found out in a pause, and said', { timeout: 60_000 }, async () => {
  // Each of the two patterns has to be looked at pair by pair.
  const heavy = (k: number): string => `where (i, j) => (i * j) % 61 == ${k} && i * j < 900000`;
  await open(
    `pattern p = (${heavy(3)}) | (${heavy(4)}) | window(8) | window(64)\nmodel M { tokens = 1024 attention = p }`,
  );
  await expect.poll(codes, { timeout: 40_000 }).toContain('redundant-operand');
  // And that is all: nobody looks again and again.
  await new Promise(resolve => setTimeout(resolve, 1000));
  const said = sent.length;
  await new Promise(resolve => setTimeout(resolve, 1000));
  expect(sent.length).toBe(said);
});
