import { posix } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ExportMemory } from '../../../client/commands/export-choice.ts';
import { type ExportTools, exportAgain, exportMask } from '../../../client/commands/export-mask.ts';
import { workspacePlaces } from '../../../client/export/workspace-places.ts';
import { jobServer } from '../../../client/jobs/job.ts';
import { jobRunner } from '../../../client/jobs/run-job.ts';
import type { Previews } from '../../../client/preview/previews.ts';
import type { RestartableClient } from '../../../client/restartable-client.ts';
import { readNpy } from '../../../runtime/tensor/npy.ts';
import { adjustablesOf } from '../../../server/adjustable.ts';
import { lowerNamed } from '../../../server/language.ts';
import { declarationNamed } from '../../../server/lower.ts';
import type { Adjustments, LowerParams } from '../../../server/protocol.ts';
import { parsed } from '../../server/open-file.ts';

/** What the people and the editor around the command do. */
const editor = vi.hoisted(() => ({
  format: '',
  written: new Map<string, Uint8Array>(),
  cancelled: false,
  saveDialogs: 0,
  writeProblem: '',
  /** A file that nothing can be put in the place of. */
  fixed: '',
  text: '',
  choice: undefined as string | undefined,
  commands: [] as string[],
  commandProblem: '',
  /** What warnings are answered with. */
  answer: undefined as string | undefined,
  place: '',
  offered: [] as { label: string; detail: string; description: string; format?: { id: string } }[],
  places: [] as string[],
  buttons: [] as string[],
  messages: [] as string[],
  progress: [] as number[],
  clipboard: '',
  placeHolder: '' as string | undefined,
  proposed: [] as string[],
  inWorkspace: true,
}));

const file = vi.hoisted(() => (path: string) => ({ scheme: 'file', path, toString: () => `file://${path}` }));

vi.mock('vscode', () => ({
  CancellationTokenSource: class {
    token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
    cancel(): void {}
    dispose(): void {}
  },
  ProgressLocation: { Notification: 15 },
  QuickPickItemKind: { Separator: -1 },
  UIKind: { Desktop: 1 },
  env: {
    uiKind: 2,
    clipboard: {
      writeText: (text: string) => {
        editor.clipboard = text;
        return Promise.resolve();
      },
    },
  },
  Uri: {
    parse: (text: string) => file(new URL(text).pathname),
    joinPath: (base: { path: string }, ...names: string[]) => file(posix.join(base.path, ...names)),
  },
  workspace: {
    getWorkspaceFolder: () => (editor.inWorkspace ? {} : undefined),
    openTextDocument: () => Promise.resolve({ getText: () => 'the text' }),
    fs: {
      stat: (file: { path: string }) =>
        editor.written.has(file.path)
          ? Promise.resolve({ size: editor.written.get(file.path)!.length })
          : Promise.reject(new Error('FileNotFound')),
      writeFile: (file: { path: string }, bytes: Uint8Array) =>
        editor.writeProblem === ''
          ? Promise.resolve(void editor.written.set(file.path, bytes))
          : Promise.reject(new Error(editor.writeProblem)),
      readFile: (file: { path: string }) => Promise.resolve(editor.written.get(file.path)),
      copy: async (from: { path: string }, to: { path: string }) =>
        void editor.written.set(to.path, editor.written.get(from.path)!),
      rename: async (from: { path: string }, to: { path: string }) => {
        if (to.path === editor.fixed) throw new Error('It is in use.');
        editor.written.set(to.path, editor.written.get(from.path)!);
        editor.written.delete(from.path);
      },
      delete: async (at: { path: string }) => void editor.written.delete(at.path),
    },
  },
  window: {
    showQuickPick: async (
      items: Promise<typeof editor.offered> | readonly { label: string }[],
      options?: { placeHolder?: string },
    ) => {
      editor.placeHolder = options?.placeHolder;
      if (Array.isArray(items)) {
        editor.places = items.map(({ label }) => label);
        return items.find(({ label }) => label === editor.place);
      }
      editor.offered = await (items as Promise<typeof editor.offered>);
      return editor.offered.find(({ format }) => format?.id === editor.format);
    },
    showErrorMessage: (message: string) => {
      editor.messages.push(message);
      return Promise.resolve(undefined);
    },
    showWarningMessage: (message: string) => {
      editor.messages.push(message);
      return Promise.resolve(editor.answer);
    },
    showSaveDialog: ({ defaultUri }: { defaultUri: { path: string } }) => {
      editor.saveDialogs++;
      editor.proposed.push(defaultUri.path);
      return Promise.resolve(defaultUri);
    },
    showInformationMessage: (message: string, ...buttons: string[]) => {
      editor.messages.push(message);
      editor.buttons = buttons;
      return Promise.resolve(editor.choice);
    },
    withProgress: (_: unknown, work: (progress: unknown, token: unknown) => Promise<unknown>) =>
      work(
        { report: ({ increment }: { increment: number }) => editor.progress.push(increment) },
        {
          isCancellationRequested: editor.cancelled,
          onCancellationRequested: () => ({ dispose: () => undefined }),
        },
      ),
  },
  commands: {
    executeCommand: (command: string, at?: { path: string }) => {
      editor.commands.push(at === undefined ? command : `${command} ${at.path}`);
      return editor.commandProblem === '' ? Promise.resolve() : Promise.reject(new Error(editor.commandProblem));
    },
  },
}));

const TEXT = `model M { tokens = 64 queries = n / 2 attention = causal() }
model F { tokens = 64 queries = 32 attention = full() }
model H { tokens = 64 heads = 4 kv_heads = 2 dim = 16 attention = sliding(5) attention heads [2, 3] = full() }`;
const client = {
  async sendRequest(_: unknown, { name, tokens, adjustments }: LowerParams) {
    const file = await parsed(editor.text);
    try {
      return { ok: true, version: 1, model: lowerNamed(file, name, tokens, adjustments) };
    } catch (error) {
      return { ok: false, version: 1, message: error instanceof Error ? error.message : '', range: null };
    }
  },
} as unknown as RestartableClient;

const runner = jobRunner(() => {
  const serve = jobServer();
  return { ask: async message => serve(message).outcome, stop: () => undefined };
});

let kept: Record<string, unknown> = {};
const memento = {
  get: (key: string) => kept[key],
  update: (key: string, value: unknown) => {
    kept[key] = value;
    return Promise.resolve();
  },
} as unknown as ConstructorParameters<typeof ExportMemory>[0];
const tools = (view?: object): ExportTools => ({
  previews: { showing: () => view && { view } } as unknown as Previews,
  client,
  ...runner,
  places: workspacePlaces,
  memory: new ExportMemory(memento),
});

/** Exports a model while its preview shows it at `tokens`. */
const exported = (name: string, tokens: number, format: string, adjustments: Adjustments = {}): Promise<void> => {
  editor.format = format;
  return exportMask({ uri: 'file:///folder/a.sparse', name }, tools({ name, tokens, layer: 0, head: 0, adjustments }));
};

beforeEach(() => {
  editor.written.clear();
  editor.cancelled = false;
  editor.saveDialogs = 0;
  editor.writeProblem = '';
  editor.fixed = '';
  editor.text = TEXT;
  editor.choice = undefined;
  editor.commands.length = 0;
  editor.commandProblem = '';
  editor.answer = undefined;
  editor.place = '';
  editor.messages.length = 0;
  editor.progress.length = 0;
  editor.proposed.length = 0;
  editor.inWorkspace = true;
  editor.clipboard = '';
  kept = {};
});

test('queries follow the tokens that the preview shows', async () => {
  await exported('M', 10, 'npy');
  const { shape, data } = readNpy(editor.written.get('/folder/M-10.npy')!);
  expect(shape).toEqual([5, 10]);
  // Row r is the query at position r + 5.
  expect(Array.from(data, Number)).toEqual(
    Array.from({ length: 50 }, (_, at) => (at % 10 <= Math.floor(at / 10) + 5 ? 1 : 0)),
  );
});

test('what is tried out in the preview is exported, also once more, and does not pass for what is written', async () => {
  editor.text = 'pattern p(size = 2) = sliding(size) & causal()';
  const [size] = adjustablesOf(declarationNamed(await parsed(editor.text), 'p'));
  const values = (): number[] => Array.from(readNpy(editor.written.get('/folder/p-4.npy')!).data, Number);
  await exported('p', 4, 'npy', { [size!.id]: 3 });
  expect(values()).toEqual([1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1]);
  editor.written.clear();
  await exportAgain(tools());
  expect(values()).toEqual([1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1]);
  const sourceOf = (): unknown => JSON.parse(new TextDecoder().decode(editor.written.get('/folder/p-4.json'))).source;
  await exported('p', 4, 'json', { [size!.id]: 3 });
  expect(sourceOf()).toBeNull();
  await exported('p', 4, 'json');
  expect(sourceOf()).toBe('the text');
});

test('what is hidden in the preview is left out, also once more, and that is said', async () => {
  editor.text =
    'pattern p = sliding(2) | columns([0])\nmodel L { tokens = 4 layers = 2 attention = sliding(layer + 1) }';
  const values = (name: string): number[] =>
    Array.from(readNpy(editor.written.get(`/folder/${name}-4.npy`)!).data, Number);
  const view = { tokens: 4, layer: 0, head: 0, adjustments: {} };
  const exportShown = (name: string, format: string, more: object): Promise<void> => {
    editor.format = format;
    return exportMask({ uri: 'file:///folder/a.sparse', name }, tools({ ...view, name, ...more }));
  };
  await exportShown('p', 'npy', { hidden: ['columns([0])'] });
  const sliding = [1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1];
  expect(values('p')).toEqual(sliding);
  expect(editor.placeHolder).toBe('Format of the mask as the preview shows it, without columns([0])');
  expect(editor.messages.at(-1)).toBe('Exported to /folder/p-4.npy as the preview shows it, without columns([0])');
  editor.written.clear();
  await exportAgain(tools());
  expect(values('p')).toEqual(sliding);
  await exportShown('p', 'json', { hidden: ['columns([0])'] });
  const { source } = JSON.parse(new TextDecoder().decode(editor.written.get('/folder/p-4.json')));
  expect(source).toBeNull();
  await exportShown('p', 'npy', { hidden: [] });
  expect(values('p')).toEqual([1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1]);
  expect(editor.messages.at(-1)).toBe('Exported to /folder/p-4.npy');
  // The label is that of layer 1: layer 0 has no such part.
  editor.place = 'Layer 0, head 0';
  await exportShown('L', 'npy', { hidden: ['sliding(2)'] });
  expect(values('L')).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
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

test('a file that is too large for one piece is refused before any of it is made', async () => {
  await expect(exported('M', 2 ** 17, 'npy')).rejects.toThrow(
    /^\/folder\/M-131072\.npy cannot be written: .*one piece, of at most 2 GiB\. The command line writes larger ones/,
  );
  expect(editor.written.size).toBe(0);
});

test('how much is written is shown', async () => {
  // 32 queries of 2^17 tokens.
  await exported('F', 2 ** 17, 'npy');
  expect(editor.progress).toHaveLength(5);
  expect(editor.progress.reduce((sum, part) => sum + part, 0)).toBeCloseTo(100, 6);
});

test('a place that cannot be written is named, with the reason', async () => {
  editor.writeProblem = 'NoPermissions (FileSystem): read-only.';
  await expect(exported('F', 64, 'npy')).rejects.toThrow(
    /^\/folder\/F-64\.npy cannot be written: NoPermissions \(FileSystem\): read-only\. Choose another folder\.$/,
  );
  expect(editor.written.size).toBe(0);
});

test('what was written is opened when that is chosen', async () => {
  editor.choice = 'Open';
  await exported('F', 64, 'npy');
  await expect.poll(() => editor.commands).toEqual(['vscode.open /folder/F-64.npy']);
});

test('a file that cannot be opened is exported all the same, and the reason is said', async () => {
  editor.choice = 'Open';
  editor.commandProblem = 'The file seems to be binary.';
  await exported('F', 64, 'npy');
  await expect
    .poll(() => editor.messages.at(-1))
    .toBe('/folder/F-64.npy was exported, but what you chose then failed: The file seems to be binary.');
  expect([...editor.written.keys()]).toEqual(['/folder/F-64.npy']);
});

test('formats that hold the mask come first, and the others say why they do not', async () => {
  await exported('M', 40, 'npy');
  const ids = editor.offered.map(({ format, label }) => format?.id ?? label);
  expect(ids.slice(0, 3)).toEqual(['npy', 'npz-dense', 'bits']);
  // 20 queries of 40 tokens: causal, but not as many queries as keys, and 40 is no multiple of 16.
  expect(ids.slice(ids.indexOf('cannot hold this mask exactly') + 1)).toEqual([
    'flashinfer-vsa',
    'flashmask',
    'sparge',
    'triton-layout',
    'deepspeed',
  ]);
  expect(editor.offered.find(({ format }) => format?.id === 'flashmask')?.detail).toBe(
    'Cannot hold this mask exactly: it takes as many queries as keys, not 20 and 40',
  );
  expect(editor.offered.find(({ format }) => format?.id === 'mit-block-sparse')?.detail).toMatch(/^base_blockmask/);
});

test('a second file lies beside the first, and is replaced only when that is answered', async () => {
  await exported('F', 64, 'flex');
  expect([...editor.written.keys()]).toEqual(['/folder/F-64.safetensors', '/folder/F-64.py']);
  editor.written.delete('/folder/F-64.py');
  await exported('F', 64, 'flex');
  expect([...editor.written.keys()]).toEqual(['/folder/F-64.safetensors']);
  editor.answer = 'Replace';
  await exported('F', 64, 'flex');
  expect(editor.written.size).toBe(2);
});

test('the last choice comes first, and its folder is proposed again', async () => {
  await exported('M', 40, 'csr');
  kept = Object.fromEntries(
    Object.entries(kept).map(([key, last]) => [key, { ...(last as object), file: 'file:///elsewhere/x.npz' }]),
  );
  await exported('F', 64, 'bits');
  expect(editor.offered[0]).toMatchObject({ format: { id: 'csr' }, description: '.npz, chosen last' });
  expect(editor.proposed).toEqual(['/folder/M-40.npz', '/elsewhere/F-64.npz']);
});

test('rounding up is asked for, done when it is allowed, and counted', async () => {
  await exported('H', 64, 'triton-layout');
  expect(editor.written.size).toBe(0);
  editor.place = 'Layer 0, head 0';
  await exported('H', 64, 'triton-layout');
  expect(editor.messages).toEqual(['Block layout (DeepSpeed, Triton) cannot hold this mask exactly.']);
  expect(editor.saveDialogs).toBe(0);
  editor.answer = 'Allow Whole Blocks';
  await exported('H', 64, 'triton-layout');
  // sliding(5) has 310 pairs; its 7 blocks of 16 x 16 have 1,792.
  expect(editor.messages.at(-1)).toBe(
    'Exported to /folder/H-64.safetensors. It allows 1,482 pairs that the mask does not have: whole blocks',
  );
});

test('all heads are offered, and are in the file', async () => {
  editor.place = 'Layer 0, all 4 heads';
  await exported('H', 64, 'npy');
  expect(editor.places).toEqual(['Layer 0, head 0', 'Layer 0, all 4 heads']);
  expect(readNpy(editor.written.get('/folder/H-64.npy')!).shape).toEqual([4, 64, 64]);
  expect(editor.offered.find(({ format }) => format?.id === 'csr')?.detail).toContain('one head, not of all');
});

describe('what comes next', () => {
  test('a snippet that loads the file, by its name', async () => {
    editor.choice = 'Copy Loading Snippet';
    await exported('M', 40, 'npy');
    await expect.poll(() => editor.clipboard).toContain('np.load("M-40.npy")');
    expect(editor.buttons).toEqual(['Open', 'Reveal', 'Copy Loading Snippet']);
    await exported('M', 40, 'png');
    expect(editor.buttons).toEqual(['Open', 'Reveal']);
  });

  test('it is shown where it lies, if anything can show it', async () => {
    editor.choice = 'Reveal';
    await exported('M', 40, 'npy');
    await expect.poll(() => editor.commands).toEqual(['revealInExplorer /folder/M-40.npy']);
    editor.inWorkspace = false;
    await exported('M', 40, 'npy');
    // A browser has no other explorer.
    await expect.poll(() => editor.buttons).toEqual(['Open', 'Copy Loading Snippet']);
  });
});

describe('Export Again', () => {
  test('repeats the last export without a question, over what it wrote', async () => {
    await exported('M', 40, 'flex');
    const first = new Map(editor.written);
    expect([...first.keys()].sort()).toEqual(['/folder/M-40.py', '/folder/M-40.safetensors']);
    for (const name of first.keys()) editor.written.set(name, new Uint8Array());
    await exportAgain(tools());
    expect(editor.written).toEqual(first);
    expect(editor.saveDialogs).toBe(1);
    expect(editor.messages.filter(text => text.includes('exists'))).toEqual([]);
  });

  test('says that there is nothing, and starts an export when that is wished', async () => {
    editor.choice = 'Export Mask...';
    await exportAgain(tools());
    expect(editor.messages).toEqual(['Nothing was exported in this workspace yet.']);
    expect(editor.commands).toEqual(['sparse.exportMask']);
  });

  test('says when what was exported is gone', async () => {
    editor.place = 'Layer 0, all 4 heads';
    await exported('H', 64, 'npy');
    const [key = ''] = Object.keys(kept);
    kept = { [key]: { ...(kept[key] as object), head: 7 } };
    await expect(exportAgain(tools())).rejects.toThrow(/no longer has what was exported/);
    kept = { [key]: { ...(kept[key] as object), format: 'of-another-version' } };
    await exportAgain(tools());
    expect(editor.messages.at(-1)).toBe('Nothing was exported in this workspace yet.');
  });
});

test('nothing is proposed outside the folder: names are those that a file declares', async () => {
  await expect(exported('../outside', 64, 'npy')).rejects.toThrow(/cannot be exported/);
  await exported('F', 64, 'flex');
  expect(editor.proposed).toEqual(['/folder/F-64.py']);
  expect([...editor.written.keys()].every(path => path.startsWith('/folder/F-64.'))).toBe(true);
});

test('a failure leaves neither half a file nor a file under another name', async () => {
  await exported('F', 64, 'npy');
  const before = new Map(editor.written);
  editor.writeProblem = 'disk full.';
  await expect(exported('F', 64, 'npy')).rejects.toThrow('disk full');
  expect(editor.written).toEqual(before);
});

test('when one of two files cannot be replaced, neither is', async () => {
  await exported('F', 64, 'flex');
  const before = new Map(editor.written);
  editor.answer = 'Replace';
  editor.fixed = '/folder/F-64.py';
  await expect(exported('F', 64, 'flex')).rejects.toThrow('/folder/F-64.py cannot be written: It is in use.');
  expect(editor.written).toEqual(before);
});

describe('a second file of an earlier export that this mask does not need', () => {
  const script = '/folder/W-64.py';
  const stored = '/folder/W-64.safetensors';
  beforeEach(async () => {
    // Rows that some class of masks has no name for, then rows that one has.
    editor.text = 'model W { tokens = 64 attention = sliding(5) | columns([9]) }';
    await exported('W', 64, 'splash');
    expect([...editor.written.keys()].sort()).toEqual([script, stored]);
    editor.text = 'model W { tokens = 64 attention = causal() }';
    editor.messages.length = 0;
  });

  test('goes away when that is wanted', async () => {
    editor.answer = 'Remove';
    await exported('W', 64, 'splash');
    expect([...editor.written.keys()]).toEqual([script]);
    expect(editor.messages).toEqual([`${stored} is not part of this export.`, `Exported to ${script}`]);
  });

  test('stays when it is not, which is said', async () => {
    await exported('W', 64, 'splash');
    expect(editor.written.size).toBe(2);
    expect(editor.messages.at(-1)).toBe(
      `Exported to ${script}. ${stored} is not part of it: this mask needs no second file`,
    );
  });

  test('goes away unasked when the export is repeated', async () => {
    await exportAgain(tools());
    expect([...editor.written.keys()]).toEqual([script]);
    expect(editor.messages).toEqual([`Exported to ${script}`]);
  });

  test('stays where the export fails', async () => {
    const before = new Map(editor.written);
    editor.fixed = script;
    await expect(exportAgain(tools())).rejects.toThrow('It is in use.');
    expect(editor.written).toEqual(before);
  });

  test('stays when nobody can tell that it was one', async () => {
    const other = new TextEncoder().encode('mine');
    editor.written.set(stored, other);
    await exportAgain(tools());
    expect(editor.written.get(stored)).toBe(other);
    expect(editor.messages.at(-1)).toContain('is not part of it');
  });
});
