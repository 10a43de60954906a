import { describe, expect, test } from 'vitest';
import { namesOfNpz } from '../../runtime/tensor/npz.ts';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  restricted: true,
  files: {
    'mine.sparse': 'pattern mine = sliding(4)\n',
    // As somebody else's folder may have it: native code, for all one knows.
    'node_modules/webgpu/package.json': '{ "name": "webgpu", "main": "index.js" }',
    'node_modules/webgpu/index.js': 'throw new Error("it was loaded")',
  },
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

  test('runs attention, but none of the code that the folder brings', async () => {
    const frame = await workbench().webview('#preview canvas');
    const run = frame.locator('section.run');
    const choose = (value: string): Promise<void> =>
      run.locator('.backend').evaluate((element, to) => {
        (element as HTMLSelectElement).value = to;
        element.dispatchEvent(new Event('change', { bubbles: true }));
      }, value);
    await choose('host');
    const button = run.locator('vscode-button', { hasText: /^\s*Run\s*$/ });
    await button.click();
    await run.locator('.failure', { hasText: 'needs the npm package webgpu (Dawn), which is not installed' }).waitFor();
    await choose('cpu');
    await button.click();
    await run.locator('.runs tbody tr', { hasText: 'CPU' }).waitFor({ timeout: 60_000 });
  });

  test('has suggestions, too', async () => {
    await workbench().runCommand('Sparse: Suggest a Pattern');
    const frame = await workbench().webview('#preview canvas');
    await frame.locator('section.suggest vscode-button', { hasText: 'Start' }).waitFor();
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
