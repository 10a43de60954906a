import { describe, expect, test } from 'vitest';
import type { BaseLanguageClient } from 'vscode-languageclient';
import { RestartableClient } from '../../client/restartable-client.ts';
import { LibraryRequest, ReadFileRequest, ValidatedNotification } from '../../server/protocol.ts';

type Start = 'works' | 'fails' | 'hangs';

/** What of vscode-languageclient 9 matters here: a start is remembered for good, and what does not run cannot be stopped. */
class FakeClient {
  readonly handlers = new Map<string, unknown>();
  state = 'stopped';
  disposed = false;
  #start: Promise<void> | undefined;
  readonly #kind: Start;

  constructor(kind: Start) {
    this.#kind = kind;
  }

  start(): Promise<void> {
    this.#start ??= this.#run();
    return this.#start;
  }

  async #run(): Promise<void> {
    if (this.#kind === 'hangs') await new Promise(() => undefined);
    if (this.#kind === 'fails') throw new Error('no such file: server.cjs');
    this.state = 'running';
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    if (this.state !== 'running') throw new Error("Client is not running and can't be stopped.");
    this.state = 'stopped';
  }

  async sendRequest(type: { method: string }): Promise<unknown> {
    if (this.state !== 'running') throw new Error('Client is not running');
    return `${type.method} answered`;
  }

  onRequest = (type: { method: string }, handler: unknown) => this.#listen(type.method, handler);
  onNotification = (type: { method: string }, handler: unknown) => this.#listen(type.method, handler);
  onDidChangeState = (listener: unknown) => this.#listen('state', listener);

  #listen(name: string, handler: unknown) {
    this.handlers.set(name, handler);
    return { dispose: () => void this.handlers.delete(name) };
  }
}

/** A connection whose clients start as listed, one after the other. */
function connection(...starts: Start[]): { client: RestartableClient; made: FakeClient[] } {
  const made: FakeClient[] = [];
  const client = new RestartableClient(() => {
    const fake = new FakeClient(starts[made.length] ?? 'works');
    made.push(fake);
    return fake as unknown as BaseLanguageClient;
  });
  return { client, made };
}

describe('a restart', () => {
  test('revives a server whose first start failed', async () => {
    const { client } = connection('fails', 'works');
    await expect(client.start()).rejects.toThrow('no such file');
    await expect(client.sendRequest(LibraryRequest, {})).rejects.toThrow('not running');
    await client.restart();
    expect(client.state).toBe('running');
    expect(await client.sendRequest(LibraryRequest, {})).toBe('sparse/library answered');
  });

  test('may fail too, and be tried again', async () => {
    const { client } = connection('fails', 'fails', 'works');
    await expect(client.start()).rejects.toThrow('no such file');
    await expect(client.restart()).rejects.toThrow('no such file');
    await client.restart();
    expect(client.state).toBe('running');
  });

  test('ends the server that runs', async () => {
    const { client, made } = connection();
    await client.start();
    await client.restart();
    expect(made.map(({ state, disposed }) => [state, disposed])).toEqual([
      ['stopped', true],
      ['running', false],
    ]);
  });

  test('does not wait for ever for a start that hangs', async () => {
    const { client, made } = connection('hangs', 'works');
    void client.start();
    await client.restart();
    expect(made[0]!.disposed).toBe(true);
    expect(client.state).toBe('running');
  });

  test('asked for twice happens once', async () => {
    const { client, made } = connection();
    await client.start();
    await Promise.all([client.restart(), client.restart()]);
    expect(made).toHaveLength(2);
  });
});

test('what listens hears every client, and one at a time', async () => {
  const { client, made } = connection('fails');
  const read = () => null;
  const validated = () => undefined;
  const state = () => undefined;
  client.onRequest(ReadFileRequest, read);
  client.onDidChangeState(state);
  const listening = client.onNotification(ValidatedNotification, validated);
  await client.start().catch(() => undefined);
  await client.restart();
  expect(made[0]!.handlers.size).toBe(0);
  expect(Object.fromEntries(made[1]!.handlers)).toEqual({
    'sparse/readFile': read,
    'sparse/validated': validated,
    state,
  });
  listening.dispose();
  expect(made[1]!.handlers.has('sparse/validated')).toBe(false);
  await client.restart();
  expect([...made[2]!.handlers.keys()].sort()).toEqual(['sparse/readFile', 'state']);
});

describe('a stop', () => {
  test('ends the server and says when it is gone', async () => {
    const { client, made } = connection();
    await client.start();
    await client.stop();
    expect(made[0]).toMatchObject({ state: 'stopped', disposed: true });
  });

  test('waits for a start under way', async () => {
    const { client, made } = connection();
    void client.start();
    await client.stop();
    expect(made[0]).toMatchObject({ state: 'stopped', disposed: true });
  });

  test('of a server that never started is no failure', async () => {
    const { client } = connection('fails');
    await expect(client.start()).rejects.toThrow();
    await client.stop();
    await connection().client.stop();
  });
});
