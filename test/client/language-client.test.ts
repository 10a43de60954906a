import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ExtensionContext } from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import type { HostAbilities } from '../../client/host-abilities.ts';
import { activateExtension, deactivateExtension } from '../../client/language-client.ts';

const editor = vi.hoisted(() => ({ commands: new Map<string, () => Promise<void>>(), messages: [] as string[] }));

vi.mock('../../client/features.ts', () => ({ registerFeatures: () => undefined }));
vi.mock('vscode', () => ({
  window: {
    createOutputChannel: () => ({ info: () => undefined, error: () => undefined, dispose: () => undefined }),
    showErrorMessage: (message: string) => Promise.resolve(void editor.messages.push(message)),
  },
  workspace: { createFileSystemWatcher: () => ({ dispose: () => undefined }) },
  Uri: { joinPath: (folder: string, name: string) => `${folder}/${name}` },
  commands: {
    registerCommand: (id: string, run: () => Promise<void>) => {
      editor.commands.set(id, run);
      return { dispose: () => editor.commands.delete(id) };
    },
  },
}));

/** What became of the clients, in order. */
let log: string[];
const listening = { dispose: () => undefined };

/** Makes clients of which the first `failures` cannot start; each takes a while to end. */
const clients = (failures: number) => {
  let made = 0;
  return () => {
    const number = ++made;
    return {
      onRequest: () => listening,
      start: async () => {
        log.push(`start ${number}`);
        if (number <= failures) throw new Error('no server');
      },
      dispose: async () => {
        await new Promise(resolve => setTimeout(resolve, 20));
        log.push(`gone ${number}`);
      },
    } as unknown as BaseLanguageClient;
  };
};
const host = { runJob: () => Promise.resolve(undefined) } as unknown as HostAbilities;
const context = () => ({ subscriptions: [], extensionUri: 'file:///extension' }) as unknown as ExtensionContext;

beforeEach(() => {
  log = [];
  editor.messages.length = 0;
});
afterEach(() => deactivateExtension());

test('the server is gone when deactivation ends', async () => {
  await activateExtension(context(), host, clients(0));
  expect(log).toEqual(['start 1']);
  await deactivateExtension();
  expect(log).toEqual(['start 1', 'gone 1']);
  await deactivateExtension();
  expect(log).toHaveLength(2);
});

test('the command revives a server that did not start, and says when it cannot', async () => {
  await activateExtension(context(), host, clients(2));
  expect(editor.messages).toEqual(['The Sparse language server could not start: no server']);
  const restart = editor.commands.get('sparse.restartServer')!;
  await restart();
  expect(editor.messages).toHaveLength(2);
  await restart();
  expect(editor.messages).toHaveLength(2);
  expect(log).toEqual(['start 1', 'gone 1', 'start 2', 'gone 2', 'start 3']);
});

test('a failed activation leaves no server behind', async () => {
  const broken = { subscriptions: { push: (...all: unknown[]) => all.length > 1 && fail() } } as never;
  await expect(activateExtension(broken, host, clients(0))).rejects.toThrow('full');
  expect(log).toEqual(['gone 1']);
});

function fail(): never {
  throw new Error('full');
}
