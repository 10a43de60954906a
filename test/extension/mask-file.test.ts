import { describe, expect, test } from 'vitest';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
    'origin.sparse': 'pattern mine = sliding(3) | global([0])\n',
    'masks/user.sparse': 'pattern back = mask("../mine-40.npy")\n',
    // What somebody else's file may name.
    'masks/strange.sparse':
      'pattern a = mask("../examples.npz")\npattern b = mask("https://example.org/m.npz")\npattern c = mask("../../../../../../outside.npy")\n',
  },
});

async function shown(what: string): Promise<void> {
  const frame = await workbench().webview('#preview canvas');
  await frame.locator(`canvas[data-shown="${what}"]`).waitFor({ timeout: 20_000 });
}

/** Exports `mine` with 40 tokens into the workspace, replacing what was there. */
async function exportMine(): Promise<void> {
  await workbench().openFile('origin.sparse');
  await workbench().diagnostics('origin.sparse', found => found.length === 0);
  await workbench().runCommand('Sparse: Export Mask...');
  await workbench().answerInput('40');
  await workbench().pick('npy', 'NumPy dense mask');
  const input = workbench().page.locator('.quick-input-widget:visible input[type="text"]').first();
  await workbench().until('a proposed name', async () => (await input.inputValue()).endsWith('mine-40.npy'));
  await input.press('Enter');
}

describe('mask(path)', () => {
  test('says what cannot be read, where it is named', async () => {
    await workbench().openFile('masks/user.sparse');
    const [only] = await workbench().diagnostics('masks/user.sparse', found => found.length > 0);
    expect(only).toMatchObject({ message: expect.stringMatching(/^cannot read "\.\.\/mine-40\.npy"/) });
    await workbench().openFile('masks/strange.sparse');
    const found = await workbench().diagnostics('masks/strange.sparse', each => each.length > 0);
    expect(found.map(({ message }) => message)).toEqual([
      expect.stringContaining('cannot read "../examples.npz"'),
      expect.stringContaining('is no file: name one relative to this file'),
      expect.stringContaining('cannot read "../../../../../../outside.npy"'),
    ]);
  });

  test('follows the file on the disk: a mask that is exported is the same mask again', async () => {
    await exportMine();
    await workbench().notifications().filter({ hasText: 'mine-40.npy' }).first().waitFor();
    await workbench().openFile('masks/user.sparse');
    // Nobody has touched this text.
    await workbench().diagnostics('masks/user.sparse', found => found.length === 0);
    await workbench().runCommand('Sparse: Open Preview');
    await shown('back 40');
    const frame = await workbench().webview('#preview canvas');
    // 40 + 39 + 38 of the window, and the rest of row and column 0.
    const pairs = 117 + 39 + 37;
    const numbers = frame.locator('dl.numbers').first();
    await workbench().until(
      'the pairs of the mask',
      async () => (await numbers.innerText()).includes(String(pairs)),
      () => 'other numbers',
    );
    expect(await frame.locator('.legend').innerText()).toContain('mask("../mine-40.npy")');
  });
});
