import { describe, expect, test } from 'vitest';
import { readNpy } from '../../runtime/tensor/npy.ts';
import { readSafetensors } from '../../runtime/tensor/safetensors.ts';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
    'export.sparse': 'pattern mine = sliding(3) | global([0])\n',
    'model.sparse':
      'model Two {\n  tokens = 64  heads = 4  kv_heads = 2  dim = 16\n  attention = sliding(5)\n  attention heads [2, 3] = causal()\n}\n',
  },
});

/** sliding(3) | global([0]) at `n` tokens, by definition; `size` replaces the 3. */
function expected(n: number, size = 3): number[] {
  return Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return (i - j >= 0 && i - j < size) || i === 0 || j === 0 ? 1 : 0;
  });
}

/** Takes the name that the file dialog proposes, which ends with this. */
async function acceptName(ending: string): Promise<void> {
  const input = workbench().page.locator('.quick-input-widget:visible input[type="text"]').first();
  await workbench().until(`a proposed name ${ending}`, async () => (await input.inputValue()).endsWith(ending));
  await input.press('Enter');
}

/** The notification that a file was exported. */
async function told(file: string) {
  const toast = workbench().notifications().filter({ hasText: 'Exported to' }).filter({ hasText: file }).first();
  await toast.waitFor();
  return toast;
}

async function masks(file: string): Promise<{ shape: readonly number[]; values: number[] }> {
  const { shape, data } = readNpy(await workbench().readFile(file));
  return { shape, values: Array.from(data, Number) };
}

describe('Sparse: Export Mask...', () => {
  test('saves the mask through the workspace and offers a snippet that loads it', async () => {
    await workbench().openFile('export.sparse');
    await workbench().diagnostics('export.sparse', found => found.length === 0);
    await workbench().runCommand('Sparse: Export Mask...');
    // A pattern on its own has no length: it is asked for.
    await workbench().answerInput('100');
    await workbench().pick('npy', 'NumPy dense mask');
    await acceptName('mine-100.npy');
    const toast = await told('mine-100.npy');
    expect(await masks('mine-100.npy')).toEqual({ shape: [100, 100], values: expected(100) });
    // A browser asks before a page may read the clipboard; a desktop does not.
    if (workbench().kind !== 'desktop')
      await workbench().page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await toast.getByText('Copy Loading Snippet').click();
    await workbench().until('the snippet in the clipboard', async () =>
      (await workbench().probe.ask('clipboard', {})).includes('np.load("mine-100.npy")'),
    );
  });

  test('formats that hold the mask come first, the last choice before them, and the others say why not', async () => {
    await workbench().openFile('export.sparse');
    await workbench().runCommand('Sparse: Export Mask...');
    await workbench().answerInput('100');
    const rows = workbench().page.locator('.quick-input-list .monaco-list-row');
    await workbench().until('the list of formats', async () => (await rows.count()) > 5);
    await rows.filter({ hasText: 'chosen last' }).waitFor();
    expect((await workbench().quickInputLabels())[0]).toBe('NumPy dense mask');
    const input = workbench().page.locator('.quick-input-widget:visible input[type="text"]').first();
    await input.fill('Block layout');
    await rows.filter({ hasText: 'must be multiples of 16, but are 100 and 100' }).waitFor();
    await workbench().page.keyboard.press('Escape');
  });

  test('a model has all heads in one file, and whole blocks only when they are allowed', async () => {
    await workbench().openFile('model.sparse');
    await workbench().diagnostics('model.sparse', found => found.length === 0);
    await workbench().runCommand('Sparse: Export Mask...');
    await workbench().pick('all', 'Layer 0, all 4 heads');
    await workbench().pick('Block layout', 'Block layout (DeepSpeed, Triton)');
    const dialog = workbench().page.locator('.monaco-dialog-box');
    await dialog.getByText('cannot hold this mask exactly').first().waitFor();
    await dialog.getByRole('button', { name: 'Allow Whole Blocks' }).click();
    await acceptName('Two-64.safetensors');
    const toast = await told('Two-64.safetensors');
    // 7 blocks of 16 x 16 instead of 310 pairs, and 10 instead of 2,080, twice each.
    expect(await toast.innerText()).toContain('3,924 pairs that the mask does not have');
    const { tensors } = readSafetensors(await workbench().readFile('Two-64.safetensors'));
    expect(tensors.get('layout')?.shape).toEqual([4, 4, 4]);
  });

  test('says clearly why a broken file cannot be exported', async () => {
    await workbench().openFile('export.sparse');
    await workbench().replaceText('export.sparse', 'sliding(3)', 'sliding(-3)');
    await workbench().diagnostics('export.sparse', found => found.length > 0);
    await workbench().runCommand('Sparse: Export Mask...');
    await workbench().notifications().filter({ hasText: 'mine cannot be exported' }).waitFor();
    await workbench().replaceText('export.sparse', 'sliding(-3)', 'sliding(3)');
    await workbench().diagnostics('export.sparse', found => found.length === 0);
  });
});

describe('Sparse: Export Again', () => {
  test('writes what the file says now, over what was exported, without a question', async () => {
    await workbench().openFile('export.sparse');
    await workbench().runCommand('Sparse: Export Mask...');
    await workbench().answerInput('40');
    await workbench().pick('npy', 'NumPy dense mask');
    await acceptName('mine-40.npy');
    await told('mine-40.npy');
    await workbench().replaceText('export.sparse', 'sliding(3)', 'sliding(7)');
    await workbench().runCommand('Sparse: Export Again');
    await workbench().until('the new mask', async () => {
      // In a browser there may be no file for a moment.
      const found = await masks('mine-40.npy').catch(() => undefined);
      return found?.values.join() === expected(40, 7).join();
    });
  });
});
