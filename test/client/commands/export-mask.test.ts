import { beforeEach, expect, test, vi } from 'vitest';
import { exportMask } from '../../../client/commands/export-mask.ts';
import { outcomeOf } from '../../../client/jobs/job.ts';
import { jobRunner } from '../../../client/jobs/run-job.ts';
import type { Previews } from '../../../client/preview/previews.ts';
import type { RestartableClient } from '../../../client/restartable-client.ts';
import { readNpy } from '../../../runtime/tensor/npy.ts';
import { createLanguage } from '../../../server/language.ts';
import type { LowerParams } from '../../../server/protocol.ts';

/** What the people and the editor around the command do. */
const editor = vi.hoisted(() => ({
  format: '',
  written: new Map<string, Uint8Array>(),
  cancelled: false,
  saveDialogs: 0,
  writeProblem: '',
  choice: undefined as string | undefined,
  commands: [] as string[],
  mayReplace: false,
  offered: [] as { label: string; detail: string; format: { id: string } }[],
}));

vi.mock('vscode', () => ({
  CancellationTokenSource: class {
    token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
    cancel(): void {}
    dispose(): void {}
  },
  ProgressLocation: { Notification: 15 },
  Uri: {
    parse: (text: string) => ({ scheme: 'file', path: new URL(text).pathname, toString: () => text }),
    joinPath: (_: unknown, ...names: string[]) => ({ scheme: 'file', path: `/${names.at(-1)}` }),
  },
  workspace: {
    openTextDocument: () => Promise.resolve({ getText: () => 'the text' }),
    fs: {
      stat: (file: { path: string }) =>
        editor.written.has(file.path) ? Promise.resolve({}) : Promise.reject(new Error('FileNotFound')),
      writeFile: (file: { path: string }, bytes: Uint8Array) =>
        editor.writeProblem === ''
          ? Promise.resolve(void editor.written.set(file.path, bytes))
          : Promise.reject(new Error(editor.writeProblem)),
    },
  },
  window: {
    showQuickPick: async (items: Promise<typeof editor.offered>) => {
      editor.offered = await items;
      return editor.offered.find(({ format }) => format.id === editor.format);
    },
    showWarningMessage: () => Promise.resolve(editor.mayReplace ? 'Replace' : undefined),
    showSaveDialog: ({ defaultUri }: { defaultUri: unknown }) => {
      editor.saveDialogs++;
      return Promise.resolve(defaultUri);
    },
    showInformationMessage: () => Promise.resolve(editor.choice),
    withProgress: (_: unknown, work: (progress: unknown, token: unknown) => Promise<unknown>) =>
      work(undefined, {
        isCancellationRequested: editor.cancelled,
        onCancellationRequested: () => ({ dispose: () => undefined }),
      }),
  },
  commands: {
    executeCommand: (command: string, file: { path: string }) => {
      editor.commands.push(`${command} ${file.path}`);
      return Promise.resolve();
    },
  },
}));

const TEXT =
  'model M { tokens = 64 queries = n / 2 attention = causal() }\nmodel F { tokens = 64 queries = 32 attention = full() }';
const language = createLanguage({ readFile: () => Promise.resolve(null) });
const client = {
  async sendRequest(_: unknown, { name, tokens }: LowerParams) {
    const file = await language.open('memory:/a.sparse', TEXT);
    try {
      return { ok: true, version: 1, model: file.lower(name, tokens === undefined ? {} : { tokens }) };
    } catch (error) {
      return { ok: false, version: 1, message: error instanceof Error ? error.message : '', range: null };
    }
  },
} as unknown as RestartableClient;

const runJob = jobRunner(() => ({
  start: (job, done) => done(outcomeOf(job).outcome),
  stop: () => undefined,
}));

/** Exports a model while its preview shows it at `tokens`. */
const exported = (name: string, tokens: number, format: string): Promise<void> => {
  editor.format = format;
  const previews = { of: () => ({ view: { name, tokens, layer: 0, head: 0 } }) } as unknown as Previews;
  return exportMask({ uri: 'file:///a.sparse', name }, previews, client, runJob);
};

beforeEach(() => {
  editor.written.clear();
  editor.cancelled = false;
  editor.saveDialogs = 0;
  editor.writeProblem = '';
  editor.choice = undefined;
  editor.commands.length = 0;
  editor.mayReplace = false;
});

test('queries follow the tokens that the preview shows', async () => {
  await exported('M', 10, 'npy');
  const { shape, data } = readNpy(editor.written.get('/M-10.npy')!);
  expect(shape).toEqual([5, 10]);
  // Row r is the query at position r + 5.
  expect(Array.from(data, Number)).toEqual(
    Array.from({ length: 50 }, (_, at) => (at % 10 <= Math.floor(at / 10) + 5 ? 1 : 0)),
  );
});

test('more queries than tokens are refused in words', async () => {
  await expect(exported('F', 10, 'npy')).rejects.toThrow(
    /F cannot be exported: there are 32 queries but only 10 tokens/,
  );
});

test('a cancelled export writes nothing', async () => {
  editor.cancelled = true;
  await exported('M', 10, 'npy');
  expect(editor.saveDialogs).toBe(1);
  expect(editor.written.size).toBe(0);
});

test('a file that would be too large is refused before anybody is asked where to save it', async () => {
  await expect(exported('M', 2 ** 17, 'npy')).rejects.toThrow(/8.0 GiB.*Tile plan/);
  expect(editor.saveDialogs).toBe(0);
});

test('a place that cannot be written is named, with the reason', async () => {
  editor.writeProblem = 'NoPermissions (FileSystem): read-only.';
  await expect(exported('F', 64, 'npy')).rejects.toThrow(
    /^\/F-64\.npy cannot be written: NoPermissions \(FileSystem\): read-only\. Choose another folder\.$/,
  );
  expect(editor.written.size).toBe(0);
});

test('what was written is opened when that is chosen', async () => {
  editor.choice = 'Open';
  await exported('F', 64, 'npy');
  await expect.poll(() => editor.commands).toEqual(['vscode.open /F-64.npy']);
});

test('formats that hold the mask come first, and the others say why they do not', async () => {
  await exported('M', 40, 'npy');
  const ids = editor.offered.map(({ format }) => format.id);
  expect(ids.slice(0, 3)).toEqual(['npy', 'npz-dense', 'bits']);
  // 20 queries of 40 tokens: causal, but not as many queries as keys, and 40 is no multiple of 16.
  expect(ids.slice(-4)).toEqual(['flashinfer-vsa', 'flashmask', 'sparge', 'triton-layout']);
  expect(editor.offered.at(-3)?.detail).toBe(
    'Cannot hold this mask exactly: it takes as many queries as keys, not 20 and 40',
  );
  expect(editor.offered.find(({ format }) => format.id === 'mit-block-sparse')?.detail).toMatch(/^base_blockmask/);
});

test('a second file lies beside the first, and is replaced only when that is answered', async () => {
  await exported('F', 64, 'flex');
  expect([...editor.written.keys()]).toEqual(['/F-64.safetensors', '/F-64.py']);
  editor.written.delete('/F-64.py');
  await exported('F', 64, 'flex');
  expect([...editor.written.keys()]).toEqual(['/F-64.safetensors']);
  editor.mayReplace = true;
  await exported('F', 64, 'flex');
  expect(editor.written.size).toBe(2);
});
