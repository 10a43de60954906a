import { describe, expect, test } from 'vitest';
import { namesOfNpz } from '../../runtime/tensor/npz.ts';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  restricted: true,
  files: { 'mine.sparse': 'pattern mine = sliding(4)\n' },
});

describe('a folder that is not trusted', () => {
  test('is open in Restricted Mode', async () => {
    await workbench().openFile('mine.sparse');
    await workbench().page.getByText('Restricted Mode').first().waitFor();
  });

  test('has diagnostics and the preview all the same', async () => {
    await workbench().replaceText('mine.sparse', 'sliding(4)', 'sliding(-4)');
    const [problem] = await workbench().diagnostics('mine.sparse', found => found.length > 0);
    expect(problem?.message).toContain('at least 1');
    await workbench().replaceText('mine.sparse', 'sliding(-4)', 'sliding(4)');
    const tab = workbench().page.locator('.tab', { hasText: 'Preview mine' });
    await workbench().pressUntil(['ControlOrMeta+K', 'v'], 'the preview', async () => (await tab.count()) > 0);
    const frame = await workbench().webview('#preview canvas');
    await frame.locator('canvas[data-shown="mine 1024"]').waitFor();
  });

  test('has the export, too', async () => {
    await workbench().runCommandAndPick('Sparse: Export Mask...', 'SciPy', 'SciPy sparse matrix (CSR)');
    const input = workbench().page.locator('.quick-input-widget:visible input[type="text"]').first();
    await workbench().until('a proposed name', async () => (await input.inputValue()).endsWith('mine-1024.npz'));
    await input.press('Enter');
    await workbench().notifications().filter({ hasText: 'Exported to' }).waitFor();
    expect(namesOfNpz(await workbench().readFile('mine-1024.npz'))).toContain('indptr');
  });
});
