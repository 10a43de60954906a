import { test } from 'vitest';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({ files: { 'status.sparse': 'pattern small = sliding(4)\n' } });

test('after a run the status tells where attention ran', async () => {
  await workbench().openFile('status.sparse');
  await workbench().runCommand('Sparse: Run Pattern');
  const frame = await workbench().webview('#preview canvas');
  await frame.locator('.run dl.numbers').waitFor({ timeout: 60_000 });
  await workbench().probe.ask('executeCommand', { command: 'workbench.action.focusFirstEditorGroup', args: [] });
  const item = workbench().page.locator('[id="status.languageStatus"]');
  await item.waitFor();
  let texts: string[] = [];
  await workbench().until(
    'the backend behind the braces',
    async () => {
      await item.hover();
      texts = await workbench().page.locator('.hover-language-status').allInnerTexts();
      return texts.some(text => /Backend: (GPU|CPU|REFERENCE)/.test(text));
    },
    () => texts.join(' | '),
  );
});
