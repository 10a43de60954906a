import { describe, expect, test } from 'vitest';
import { readNpy } from '../../runtime/tensor/npy.ts';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
    'uses-library.sparse':
      'import { longformer } from "sparse:longformer"\n\npattern mine = longformer(8)\n\nmodel M {\n  tokens = 64\n  attention = mine\n}\n',
  },
});

/**
 * The active editor, once its file is the wanted one; a file of the library is called by its path alone. With `start` also
 * once the cursor is in a line that begins so: an editor opens first and gets its selection then.
 */
async function activeFile(wanted: (file: string) => boolean, start?: { of: (file: string) => string; line: RegExp }) {
  let found = await workbench().probe.ask('activeEditor', {});
  await workbench().until(
    'the file',
    async () => {
      found = await workbench().probe.ask('activeEditor', {});
      if (found === null || !wanted(found.file)) return false;
      if (start === undefined) return true;
      const text = await workbench().probe.ask('text', { file: start.of(found.file) });
      return start.line.test(text.split('\n')[found.line] ?? '');
    },
    () => (found === null ? 'no editor' : `${found.file}, line ${found.line + 1}`),
  );
  if (found === null) throw new Error('no editor is active');
  return found;
}

describe('the standard library', () => {
  test('explains an imported pattern on hover, without a mistake', async () => {
    await workbench().openFile('uses-library.sparse');
    expect(
      await workbench().diagnostics('uses-library.sparse', found => found.every(each => each.severity !== 'error')),
    ).toEqual([]);
    const text = await workbench().hover(3, 20);
    expect(text).toContain('Beltagy et al.');
    expect(text).toContain('64 tokens');
    await workbench().dismissHover();
  });

  test('shows the density at the cursor behind the braces of the status bar', async () => {
    await workbench().goTo(3, 20);
    const item = workbench().page.locator('[id="status.languageStatus"]');
    await item.waitFor();
    await workbench().until('the density', async () => {
      await item.hover();
      const texts = await workbench().page.locator('.hover-language-status').allInnerTexts();
      return (
        texts.some(text => text.includes('Language server: running')) && texts.some(text => /Density \d/.test(text))
      );
    });
    await workbench().page.mouse.move(5, 300);
  });

  test('completes module names', async () => {
    await workbench().goTo(1, 30);
    await workbench().suggestion('sparse:longformer');
    await workbench().page.keyboard.press('Escape');
  });

  test('opens its source by go to definition, coloured, read-only, and served itself', async () => {
    await workbench().goTo(3, 20);
    await workbench().pressUntil('F12', 'the source of longformer', async () => {
      return (await workbench().probe.ask('activeEditor', {}))?.file === '/longformer.sparse';
    });
    const editor = await activeFile(file => file === '/longformer.sparse', {
      of: file => `sparse-library:${file}`,
      line: /^pattern longformer\(/,
    });
    expect(editor.languageId).toBe('sparse');
    const text = await workbench().probe.ask('text', { file: 'sparse-library:/longformer.sparse' });
    await workbench().until(
      'the colours',
      async () => (await workbench().lineColours('pattern longformer(')).length > 1,
    );
    await workbench().focusEditor();
    await workbench().type('x');
    expect(await workbench().probe.ask('text', { file: 'sparse-library:/longformer.sparse' })).toBe(text);
    await workbench().page.keyboard.press('Escape');
    expect(await workbench().probe.ask('diagnostics', { file: 'sparse-library:/longformer.sparse' })).toEqual([]);
    // Its own names are served: hovering needs the server to have this file.
    expect(await workbench().hover(editor.line + 1, 10)).toContain('Beltagy et al.');
    await workbench().dismissHover();
  });

  test('opens any of its files by a command', async () => {
    await workbench().runCommandAndPick('Sparse: Open Standard Library...', 'gpt', 'sparse:gpt-oss');
    await activeFile(file => file === '/gpt-oss.sparse');
  });

  test('its files can be previewed', async () => {
    await workbench().runCommand('Sparse: Open Preview');
    const frame = await workbench().webview('#preview canvas');
    await frame.locator('canvas[data-shown="gpt_oss 1024"]').waitFor({ timeout: 20_000 });
    await workbench().runCommand('View: Close All Editors');
    await workbench().page.locator('.tab').first().waitFor({ state: 'detached' });
  });
});

describe('Sparse: New Sparse Pattern...', () => {
  test('asks for the task and opens an untitled file that begins with what fits', async () => {
    await workbench().runCommandAndPick('Sparse: New Sparse Pattern...', 'Classification', 'Classification');
    const editor = await activeFile(file => file.startsWith('Untitled-'), {
      of: file => `untitled:${file}`,
      line: /^pattern mine/,
    });
    expect(editor.languageId).toBe('sparse');
    const text = await workbench().probe.ask('text', { file: `untitled:${editor.file}` });
    expect(text).toContain('import { longformer } from "sparse:longformer"');
    // The server has read the file once it says how dense the pattern is.
    await workbench().until('the density', async () =>
      (await workbench().lenses()).some(lens => lens.includes('density')),
    );
    expect(
      (await workbench().probe.ask('diagnostics', { file: `untitled:${editor.file}` })).filter(
        ({ severity }) => severity === 'error',
      ),
    ).toEqual([]);
  });

  test('an untitled file is previewed, run and exported', async () => {
    const { file } = await activeFile(each => each.startsWith('Untitled-'));
    await workbench().replaceText(`untitled:${file}`, 'size = 256', 'size = 8');
    await workbench().runCommand('Sparse: Open Preview');
    const frame = await workbench().webview('#preview canvas');
    // The page takes a length once it shows something.
    await frame.locator('canvas[data-shown="mine 1024"]').waitFor({ timeout: 20_000 });
    const tokens = frame.locator('#tokens').locator('input');
    await tokens.fill('96');
    await tokens.press('Enter');
    await frame.locator('canvas[data-shown="mine 96"]').waitFor({ timeout: 20_000 });
    await workbench().runCommand('Sparse: Run Pattern');
    await frame.locator('.run dl.numbers', { hasText: 'Largest difference' }).waitFor({ timeout: 30_000 });
    await workbench().runCommandAndPick('Sparse: Export Mask...', 'npy', 'NumPy dense mask');
    const input = workbench().page.locator('.quick-input-widget:visible input[type="text"]').first();
    await workbench().until('a proposed name in the folder', async () =>
      (await input.inputValue()).endsWith('/mine-96.npy'),
    );
    await input.press('Enter');
    await workbench().notifications().filter({ hasText: 'mine-96.npy' }).waitFor();
    const { data, shape } = readNpy(await workbench().readFile('mine-96.npy'));
    expect(shape).toEqual([96, 96]);
    const expected = Array.from({ length: 96 * 96 }, (_, at) => {
      const [i, j] = [Math.floor(at / 96), at % 96];
      return Math.abs(i - j) <= 4 || i === 0 || j === 0 ? 1 : 0;
    });
    expect(Array.from(data, Number)).toEqual(expected);
  });
});

test('the walkthrough has four steps', async () => {
  await workbench().probe.ask('executeCommand', {
    command: 'workbench.action.openWalkthrough',
    args: ['sparse-attention.sparse-attention#start', false],
  });
  for (const title of ['Open an example', 'Ask what it costs', 'See the mask', 'Run it and take it with you'])
    await workbench().page.locator('.getting-started-step .step-title', { hasText: title }).first().waitFor();
  expect(await workbench().page.locator('.getting-started-step .step-title').count()).toBe(4);
});
