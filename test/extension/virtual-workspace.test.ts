import { describe, expect, test } from 'vitest';
import { readNpy } from '../../runtime/tensor/npy.ts';
import { useWorkbench } from './use-workbench.ts';

const FILES = {
  'parts/base.sparse': '/** The base. */\npattern base = sliding(3)\n',
  'mine.sparse':
    'import { base } from "./parts/base.sparse"\nimport { longformer } from "sparse:longformer"\n\npattern mine = base | columns([0])\n\npattern long = longformer(4)\n',
};

describe('a workspace that is on no disk', () => {
  const workbench = useWorkbench({ folderUri: 'memfs:/ws' });

  const open = (file: string): Promise<null> => workbench().probe.ask('open', { file });
  const page = (shown: string) => workbench().webview(`#preview canvas.marks[data-shown="${shown}"]`);

  test('has its files checked, with what they import of it and of the library', async () => {
    for (const [file, text] of Object.entries(FILES)) await workbench().probe.ask('writeFile', { file, text });
    expect(await workbench().probe.ask('workspaceUri', {})).toBe('memfs:/ws');
    await open('mine.sparse');
    await workbench().diagnostics('mine.sparse', found => found.length === 0);
    await workbench().replaceText('mine.sparse', 'base |', 'bases |');
    await workbench().diagnostics('mine.sparse', found => found.some(({ message }) => message.includes('base')));
    await workbench().replaceText('mine.sparse', 'bases |', 'base |');
    await workbench().diagnostics('mine.sparse', found => found.length === 0);
  });

  test('has references in files that nobody has opened, although nobody can search it', async () => {
    await workbench().probe.ask('writeFile', {
      file: 'deep/er/user.sparse',
      text: 'import { base } from "../../parts/base.sparse"\npattern user = base\n',
    });
    await open('parts/base.sparse');
    await workbench().diagnostics('parts/base.sparse', found => found.length === 0);
    let found = '';
    await workbench().until(
      'references',
      async () => {
        const references = await workbench().probe.ask('references', {
          file: 'parts/base.sparse',
          line: 1,
          character: 9,
        });
        found = references
          .map(uri => uri.replace('memfs:/ws/', ''))
          .sort()
          .join();
        return found.includes('deep/er/user.sparse') && found.includes('mine.sparse');
      },
      () => found,
    );
  });

  test('is previewed, and follows edits of what is imported', async () => {
    await open('mine.sparse');
    await workbench().goToText('mine.sparse', 'pattern mine', 3);
    await workbench().runCommand('Sparse: Open Preview');
    const frame = await page('mine 1024');
    const field = frame.locator('#tokens').locator('input');
    await field.fill('16');
    await field.press('Enter');
    await page('mine 16');
    // 3 x 16 - 3 pairs, and 13 of column 0.
    await frame.locator('.pairs dl.numbers', { hasText: '58' }).waitFor();
    await workbench().replaceText('parts/base.sparse', 'sliding(3)', 'sliding(4)');
    await frame.locator('.pairs dl.numbers', { hasText: '70' }).waitFor();
    await workbench().replaceText('parts/base.sparse', 'sliding(4)', 'sliding(3)');
    await workbench().focusFirstGroup();
    await workbench().goToText('mine.sparse', 'pattern long', 3);
    await page('long 1024');
    await workbench().goToText('mine.sparse', 'pattern mine', 3);
    await page('mine 16');
  });

  test('runs attention, and offers other files of it to compare with', async () => {
    const frame = await page('mine 16');
    await frame.locator('.run .backend').evaluate(element => {
      (element as HTMLSelectElement).value = 'cpu';
      element.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await frame.locator('.run vscode-button', { hasText: /^\s*Run\s*$/ }).click();
    await frame.locator('.run dl.numbers', { hasText: 'Backend' }).waitFor({ timeout: 60_000 });
    await frame.locator('.toolbar vscode-button', { hasText: 'Compare...' }).click();
    await workbench().until('a file that is closed', async () =>
      (await workbench().quickInputLabels()).some(label => label.includes('user.sparse')),
    );
    await workbench().page.keyboard.press('Escape');
  });

  test('is exported into', async () => {
    const frame = await page('mine 16');
    await frame.locator('.toolbar vscode-button', { hasText: 'Export...' }).click();
    await workbench().pick('npy', 'NumPy dense mask');
    const input = workbench().page.locator('.quick-input-widget:visible input[type="text"]').first();
    await workbench().until('a proposed name', async () => (await input.inputValue()).endsWith('mine-16.npy'));
    await input.press('Enter');
    await workbench().notifications().filter({ hasText: 'Exported to /ws/mine-16.npy' }).first().waitFor();
    const { shape, data } = readNpy(await workbench().readFile('mine-16.npy'));
    expect(shape).toEqual([16, 16]);
    expect(Array.from(data, Number).reduce((sum, value) => sum + value, 0)).toBe(58);
  });
});
