import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type Connection,
  createConnection,
  createProtocolConnection,
  ProposedFeatures,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node.js';
import { toBase64 } from '../../../runtime/tensor/base64.ts';
import { clientFiles } from '../../../server/lsp/file-reader.ts';
import { FileProblem } from '../../../server/mask-files.ts';
import { ReadFileRequest } from '../../../server/protocol.ts';

const URI = 'file:///there.sparse';
const disk = {
  readFile: (uri: string) => Promise.resolve(`disk ${uri}`),
  readBytes: (_uri: string, most: number) => Promise.resolve(Uint8Array.of(most)),
};

/** A client over two pipes, which knows no request until a test says so. */
let client: ProtocolConnection;
let server: Connection;

beforeEach(() => {
  const [up, down] = [new PassThrough(), new PassThrough()];
  server = createConnection(ProposedFeatures.all, new StreamMessageReader(up), new StreamMessageWriter(down));
  client = createProtocolConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
  server.listen();
  client.listen();
});

afterEach(() => {
  client.dispose();
  server.dispose();
});

test('what the client can read is read through it, and through nothing else', async () => {
  client.onRequest(ReadFileRequest, ({ uri }) => ({ text: `client ${uri}` }));
  expect(await clientFiles(server, disk).readFile(URI)).toBe(`client ${URI}`);
  client.onRequest(ReadFileRequest, () => ({ text: '' }));
  expect(await clientFiles(server, disk).readFile(URI)).toBe('');
});

test('what the client cannot read does not come from the disk', async () => {
  client.onRequest(ReadFileRequest, () => ({ missing: true as const }));
  expect(await clientFiles(server, disk).readFile(URI)).toBeNull();
});

test('nor does what the client fails to read', async () => {
  client.onRequest(ReadFileRequest, () => {
    throw new Error('no permission');
  });
  expect(await clientFiles(server, disk).readFile(URI)).toBeNull();
});

test('a client that does not know the request leaves the disk, if there is one', async () => {
  expect(await clientFiles(server, disk).readFile(URI)).toBe(`disk ${URI}`);
  expect(await clientFiles(server).readFile(URI)).toBeNull();
});

test('nor does one that answers null to whatever it does not know', async () => {
  client.onRequest(ReadFileRequest, () => null);
  expect(await clientFiles(server, disk).readFile(URI)).toBe(`disk ${URI}`);
  expect(await clientFiles(server).readFile(URI)).toBeNull();
});

test('bytes come the same way, at most as many as are wanted', async () => {
  client.onRequest(ReadFileRequest, ({ mostBytes = 0 }) => ({ base64: toBase64(Uint8Array.of(0, 255, mostBytes)) }));
  expect(await clientFiles(server, disk).readBytes?.(URI, 7)).toEqual(Uint8Array.of(0, 255, 7));
  client.onRequest(ReadFileRequest, () => ({ problem: 'it is a folder' }));
  await expect(clientFiles(server, disk).readBytes?.(URI, 7)).rejects.toThrow(new FileProblem('it is a folder'));
  client.onRequest(ReadFileRequest, () => ({ missing: true as const }));
  expect(await clientFiles(server, disk).readBytes?.(URI, 7)).toBeNull();
  client.onRequest(ReadFileRequest, () => {
    throw new Error('no permission');
  });
  expect(await clientFiles(server, disk).readBytes?.(URI, 7)).toBeNull();
});

test('nor are they taken from the disk behind the back of a client that knows the request', async () => {
  expect(await clientFiles(server, disk).readBytes?.(URI, 7)).toEqual(Uint8Array.of(7));
  expect(await clientFiles(server).readBytes?.(URI, 7)).toBeNull();
  // An older client answers every question with text.
  client.onRequest(ReadFileRequest, () => ({ text: 'text' }));
  expect(await clientFiles(server, disk).readBytes?.(URI, 7)).toBeNull();
});
