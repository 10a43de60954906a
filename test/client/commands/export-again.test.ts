import { beforeEach, describe, expect, test, vi } from 'vitest';
import { exportAgain } from '../../../client/commands/export-mask.ts';
import { editor } from './export-editor.ts';
import { exported, startAgain, tools } from './exporting.ts';

vi.mock('vscode', async () => (await import('./export-editor.ts')).vscode);

beforeEach(startAgain);

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
    const [key = ''] = Object.keys(editor.kept);
    editor.kept = { [key]: { ...(editor.kept[key] as object), head: 7 } };
    await expect(exportAgain(tools())).rejects.toThrow(/no longer has what was exported/);
    editor.kept = { [key]: { ...(editor.kept[key] as object), format: 'of-another-version' } };
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
