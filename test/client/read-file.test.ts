import { beforeEach, expect, test, vi } from 'vitest';
import type { LogOutputChannel } from 'vscode';
import { readFile } from '../../client/read-file.ts';

const editor = vi.hoisted(() => ({
  files: new Map<string, { type: number; size: number; bytes: Uint8Array }>(),
  open: [] as { uri: string; text: string }[],
  isTrusted: true,
  reads: 0,
}));

vi.mock('vscode', () => ({
  Uri: { parse: (uri: string) => uri },
  FileType: { File: 1, Directory: 2, SymbolicLink: 64 },
  workspace: {
    get isTrusted() {
      return editor.isTrusted;
    },
    get textDocuments() {
      return editor.open.map(({ uri, text }) => ({ uri, getText: () => text }));
    },
    getWorkspaceFolder: (uri: string) => (uri.startsWith('file:///workspace/') ? {} : undefined),
    fs: {
      stat: async (uri: string) => editor.files.get(uri) ?? Promise.reject(new Error('FileNotFound')),
      readFile: async (uri: string) => {
        editor.reads++;
        return editor.files.get(uri)?.bytes ?? Promise.reject(new Error('FileNotFound'));
      },
    },
  },
}));

const log = { debug: () => undefined } as unknown as LogOutputChannel;
const bytes = (uri: string) => readFile({ uri, mostBytes: 10 }, log);
const put = (uri: string, contents: Uint8Array, type = 1, size = contents.length) =>
  editor.files.set(uri, { type, size, bytes: contents });

beforeEach(() => {
  editor.files.clear();
  editor.open.length = 0;
  editor.isTrusted = true;
  editor.reads = 0;
});

test('text is what the editor has, else what is stored', async () => {
  put('file:///workspace/a.sparse', new TextEncoder().encode('stored'));
  expect(await readFile({ uri: 'file:///workspace/a.sparse' }, log)).toEqual({ text: 'stored' });
  editor.open.push({ uri: 'file:///workspace/a.sparse', text: '' });
  expect(await readFile({ uri: 'file:///workspace/a.sparse' }, log)).toEqual({ text: '' });
  expect(await readFile({ uri: 'file:///workspace/gone.sparse' }, log)).toEqual({ missing: true });
});

test('bytes are what is stored', async () => {
  put('file:///workspace/m.npy', Uint8Array.of(0, 200, 255));
  editor.open.push({ uri: 'file:///workspace/m.npy', text: 'not this' });
  expect(await bytes('file:///workspace/m.npy')).toEqual({ base64: 'AMj/' });
  put('file:///workspace/link.npy', Uint8Array.of(1), 1 | 64);
  expect(await bytes('file:///workspace/link.npy')).toEqual({ base64: 'AQ==' });
  expect(await bytes('file:///workspace/gone.npy')).toEqual({ missing: true });
});

test('what is too large or no file is not read at all', async () => {
  put('file:///workspace/large.npy', new Uint8Array(1), 1, 11);
  put('file:///workspace/folder.npy', new Uint8Array(1), 2);
  put('file:///workspace/pipe.npy', new Uint8Array(1), 0);
  expect(await bytes('file:///workspace/large.npy')).toEqual({ problem: expect.stringContaining('it has more than') });
  expect(await bytes('file:///workspace/folder.npy')).toEqual({ problem: 'it is a folder' });
  expect(await bytes('file:///workspace/pipe.npy')).toEqual({ problem: 'it is no ordinary file' });
  expect(editor.reads).toBe(0);
});

test('outside a workspace that is not trusted nothing is read', async () => {
  put('file:///elsewhere/m.npy', Uint8Array.of(1));
  put('file:///workspace/m.npy', Uint8Array.of(1));
  expect(await bytes('file:///elsewhere/m.npy')).toEqual({ base64: 'AQ==' });
  editor.isTrusted = false;
  expect(await bytes('file:///workspace/m.npy')).toEqual({ base64: 'AQ==' });
  expect(await bytes('file:///elsewhere/m.npy')).toEqual({
    problem: 'it is outside the workspace, which is not trusted',
  });
  // Nor is said whether there is such a file.
  expect(await bytes('file:///elsewhere/gone.npy')).toEqual(await bytes('file:///elsewhere/m.npy'));
});
