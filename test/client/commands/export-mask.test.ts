import { beforeEach, describe, expect, test, vi } from 'vitest';
import { exportAgain, exportMask } from '../../../client/commands/export-mask.ts';
import { readNpy } from '../../../runtime/tensor/npy.ts';
import { adjustablesOf } from '../../../server/adjustable.ts';
import { declarationNamed } from '../../../server/lower.ts';
import { parsed } from '../../server/open-file.ts';
import { editor } from './export-editor.ts';
import { exported, startAgain, tools } from './exporting.ts';

vi.mock('vscode', async () => (await import('./export-editor.ts')).vscode);

beforeEach(startAgain);

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
  editor.kept = Object.fromEntries(
    Object.entries(editor.kept).map(([key, last]) => [key, { ...(last as object), file: 'file:///elsewhere/x.npz' }]),
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
