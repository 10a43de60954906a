import { mkdirSync } from 'node:fs';
import { test } from 'vitest';
import { useWorkbench } from './use-workbench.ts';

const example = `/**
 * A mask of my own: the last tokens, the attention sinks at the start,
 * and every 128th token before.
 */
pattern mine(size = 512, first = 4) =
  sliding(size) | (columns([0..first]) | strided(128)) & causal()

model Mine {
  tokens    = 4096
  layers    = 12
  heads     = 12
  dim       = 768
  attention = mine(512)
}
`;

const workbench = useWorkbench({ files: { 'mine.sparse': example } });

/** The pictures of the README. */
test('preview', { timeout: 240_000 }, async () => {
  mkdirSync('media', { recursive: true });
  const { page, probe } = workbench();
  await page.setViewportSize({ width: 1440, height: 860 });
  await probe.ask('configure', { key: 'workbench.colorTheme', value: 'Default Dark Modern' });
  await probe.ask('executeCommand', { command: 'workbench.action.closeSidebar', args: [] });
  await workbench().openFile('mine.sparse');
  await workbench().diagnostics('mine.sparse', found => found.length === 0);
  await workbench().goTo(8, 8);
  await workbench().runCommand('Sparse: Open Preview');
  const frame = await workbench().webview('#preview canvas.marks');
  await frame.locator('canvas.marks[data-shown="Mine 4096"]').waitFor();
  // A wider preview, so that its numbers stand beside the picture.
  for (let step = 0; step < 2; step++)
    await probe.ask('executeCommand', { command: 'workbench.action.decreaseViewWidth', args: [] });
  // So that the outcome of a run is in sight.
  for (const section of ['Layers and heads', 'Recognised']) await frame.getByRole('button', { name: section }).click();
  await frame.locator('.run .backend').evaluate(element => {
    (element as HTMLSelectElement).value = 'cpu';
    element.dispatchEvent(new Event('change', { bubbles: true }));
  });
  await frame.locator('.run vscode-button', { hasText: 'Run' }).click();
  await frame.locator('.run dl.numbers').waitFor({ timeout: 120_000 });
  await probe.ask('executeCommand', { command: 'workbench.action.focusFirstEditorGroup', args: [] });
  await workbench().until('a quiet window', async () => (await workbench().notifications().count()) === 0);
  await page.screenshot({ path: 'media/preview-dark.png' });
  await probe.ask('configure', { key: 'workbench.colorTheme', value: 'Default Light Modern' });
  await workbench().until('the light theme', async () => (await frame.locator('body.vscode-light').count()) === 1);
  await page.waitForTimeout(2000);
  await page.screenshot({ path: 'media/preview-light.png' });
});
