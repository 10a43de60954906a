import { describe, expect, test } from 'vitest';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  withoutGpu: true,
  files: {
    'cpu.sparse':
      'pattern mine = sliding(64)\n\nmodel Large {\n  tokens = 16384\n  heads = 8\n  dim = 512\n  attention = causal()\n}\n',
  },
});

describe('a machine without a GPU adapter', () => {
  test('runs attention on the CPU and says so', async () => {
    await workbench().openFile('cpu.sparse');
    await workbench().runCommand('Sparse: Run Pattern');
    const frame = await workbench().webview('#preview canvas');
    const outcome = frame.locator('.run dl.numbers');
    await outcome.waitFor({ timeout: 60_000 });
    const text = (await frame.locator('.run').innerText()).replace(/\s+/g, ' ');
    expect(text).toContain('Backend CPU');
    expect(text).toMatch(/WASM/);
    expect(text).toMatch(/GPU/);
    expect(Number(/Largest difference ([0-9.e+-]+)/.exec(text)?.[1])).toBeLessThan(1e-5);
  });

  test('the status tells afterwards where attention ran', async () => {
    await workbench().focusFirstGroup();
    const item = workbench().page.locator('[id="status.languageStatus"]');
    await item.waitFor();
    let texts: string[] = [];
    await workbench().until(
      'the backend behind the braces',
      async () => {
        await item.hover();
        texts = await workbench().page.locator('.hover-language-status').allInnerTexts();
        return texts.some(text => text.includes('Backend: CPU'));
      },
      () => texts.join(' | '),
    );
    await workbench().page.mouse.move(5, 300);
  });

  test('shows progress and can be cancelled', async () => {
    await workbench().goTo(3, 8);
    await workbench().runCommand('Sparse: Run Pattern');
    const frame = await workbench().webview('#preview canvas');
    await frame.locator('.run progress').waitFor();
    await frame.locator('.run vscode-button', { hasText: 'Cancel' }).click();
    await frame.locator('.run .failure', { hasText: 'The run was cancelled.' }).waitFor();
    await frame.locator('.run vscode-button', { hasText: 'Run' }).waitFor();
  });
});
