import { describe, expect, test } from 'vitest';
import { textTensors } from './text-tensors.ts';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
    'mine.sparse': 'pattern mine = sliding(4)\n\n// suggested\n',
    'notes.txt': 'no pattern\n',
    'qkv.safetensors': textTensors(),
    'other-lm/config.json': '{ "model_type": "gpt2", "n_layer": 12 }',
    'other-lm/model.safetensors': '',
    'other-lm/heldout.txt': 'text',
  },
});

const previewFrame = () => workbench().webview('#preview canvas.marks');
const section = async (name: string) => (await previewFrame()).locator(`section.${name}`);
const buttonOf = async (name: string, text: string | RegExp) =>
  (await section(name)).locator('vscode-button', { hasText: text });
const press = async (name: string, text: string | RegExp) => (await buttonOf(name, text)).click();

async function pick(name: string, field: string, value: string): Promise<void> {
  await (await section(name)).locator(`.${field}`).evaluate((element, to) => {
    (element as HTMLSelectElement).value = to;
    element.dispatchEvent(new Event('change', { bubbles: true }));
  }, value);
}

/** Goes back from the preview to the file beside it. */
async function focusFile(): Promise<void> {
  await workbench().pressUntil(
    'ControlOrMeta+1',
    'the editor',
    async () => (await workbench().probe.ask('activeEditor', {})) !== null,
  );
  await workbench().openFile('mine.sparse');
}

/** Where the folder lies, as the simple file dialog has it. */
async function folderPath(): Promise<string> {
  return new URL((await workbench().probe.ask('workspaceUri', {})) ?? '').pathname.replace(/\/$/, '');
}

async function answerDialog(name: string): Promise<void> {
  const folder = await folderPath();
  await workbench().until(
    'the dialog',
    async () => (await workbench().quickInputValue())?.startsWith(folder === '' ? '/' : folder) === true,
  );
  await workbench().answerInput(`${folder}/${name}`);
}

describe('Sparse: Suggest a Pattern', () => {
  test('says what is missing where no .sparse file is open', async () => {
    await workbench().openFile('notes.txt');
    await workbench().runCommand('Sparse: Suggest a Pattern');
    await workbench().notifications().filter({ hasText: 'Open a .sparse file first' }).waitFor();
  });

  test('opens its section in the preview', async () => {
    await workbench().openFile('mine.sparse');
    await workbench().runCommand('Sparse: Suggest a Pattern');
    const heading = (await section('suggest')).locator('h2 button');
    await workbench().until(
      'the focus in the section',
      async () => await heading.evaluate(element => element === document.activeElement),
    );
  });

  test('finds a pattern for tensors that are picked and writes it into the file, which undo takes back', async () => {
    await press('suggest', 'Start');
    await answerDialog('qkv.safetensors');
    // Either of the leading axes of [2, 40, 4] may be the heads.
    await workbench().pick('', '2 heads, 40 tokens, 4 numbers a head');
    await (await section('suggest')).locator('.headline').waitFor({ timeout: 60_000 });
    const shown = await (await section('suggest')).locator('pre.text').innerText();
    await press('suggest', 'Insert into the File');
    const text = () => workbench().probe.ask('text', { file: 'mine.sparse' });
    await workbench().until('the pattern in the file', async () => (await text()).length > 60);
    const [kind, name] = shown.split(' ');
    // A word of a comment has the name already.
    const free = name === 'suggested' ? 'suggested2' : name;
    const declared = shown.replace(`${kind} ${name}`, `${kind} ${free}`);
    expect(await text()).toMatch(
      /^pattern mine = sliding\(4\)\n\n\/\/ suggested\n\n\/\*\*\n \* Suggested for qkv\.safetensors\./,
    );
    expect((await text()).trimEnd().endsWith(declared)).toBe(true);
    expect(await workbench().diagnostics('mine.sparse', () => true)).toEqual([]);
    // The preview goes over to it.
    await (await previewFrame()).locator(`canvas.marks[data-shown^="${free} "]`).waitFor();
    await focusFile();
    await workbench().pressUntil(
      'ControlOrMeta+Z',
      'the file as it was',
      async () => (await text()) === 'pattern mine = sliding(4)\n\n// suggested\n',
    );
  }, 120_000);

  test('copies it, and opens it as a new file', async () => {
    const shown = await (await section('suggest')).locator('pre.text').innerText();
    if (workbench().kind !== 'desktop')
      await workbench().page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await press('suggest', 'Copy');
    // The clipboard is the page's that has the focus.
    await focusFile();
    await workbench().until('the clipboard', async () =>
      (await workbench().probe.ask('clipboard', {})).trimEnd().endsWith(shown),
    );
    await press('suggest', 'Open as New File');
    await workbench().until('the new file', async () => {
      const editor = await workbench().probe.ask('activeEditor', {});
      return editor?.languageId === 'sparse' && editor.file !== 'mine.sparse';
    });
    expect((await workbench().shownLines()).join('\n')).toContain('Suggested for qkv.safetensors.');
  });

  test('leaves a file of the standard library as it is, and says so', async () => {
    await workbench().runCommandAndPick('Sparse: Open Standard Library...', 'gpt', 'sparse:gpt-oss');
    const tab = workbench().page.locator('.tab.active', { hasText: 'gpt-oss' });
    await tab.waitFor();
    await (await previewFrame()).locator('canvas.marks[data-shown^="gpt_oss "]').waitFor();
    const before = await workbench().shownLines();
    await press('suggest', 'Insert into the File');
    await workbench().notifications().filter({ hasText: 'cannot be changed, so nothing was inserted' }).waitFor();
    await tab.click();
    expect(await workbench().shownLines()).toEqual(before);
  });
});

describe('Quality', () => {
  test('leads from its worst rows to the mask', async () => {
    await focusFile();
    await (await previewFrame()).locator('canvas.marks[data-shown^="mine "]').waitFor();
    await press('quality', 'Measure');
    const worst = (await section('quality')).locator('.worst button').first();
    await worst.waitFor({ timeout: 60_000 });
    const query = Number((await worst.innerText()).replace('query ', ''));
    // All keys are alike: the last query has the most that the pattern leaves out.
    expect(query).toBe(39);
    await worst.click();
    await (await previewFrame()).locator('canvas.marks[data-shown="mine 40"]').waitFor();
    await (await previewFrame()).locator('.readout', { hasText: 'i = 39, j = 39: attended by sliding(4)' }).waitFor();
  }, 90_000);
});

describe('the folder of a language model', () => {
  test('is left as it is when the dialog is closed', async () => {
    await pick('suggest', 'on', 'model');
    await press('suggest', /^\s*Pick\.\.\.\s*$/);
    await workbench().until('the models of the workspace', async () => {
      const labels = await workbench().quickInputLabels();
      return ['tiny-lm', 'other-lm', 'Other Folder...'].every(label => labels.some(each => each.trim() === label));
    });
    await workbench().pressUntil(
      'Escape',
      'the list to close',
      async () => (await workbench().quickInputValue()) === undefined,
    );
    // So is that behind it.
    await press('suggest', /^\s*Pick\.\.\.\s*$/);
    await workbench().pick('Other', 'Other Folder...');
    await workbench().until('the dialog', async () => (await workbench().quickInputValue())?.startsWith('/') === true);
    await workbench().pressUntil(
      'Escape',
      'the dialog to close',
      async () => (await workbench().quickInputValue()) === undefined,
    );
    await (await buttonOf('suggest', /^\s*Pick\.\.\.\s*$/)).waitFor();
    expect(await (await section('suggest')).locator('.failure').count()).toBe(0);
  });

  test('of another architecture is refused, with what differs', async () => {
    await press('suggest', /^\s*Pick\.\.\.\s*$/);
    await workbench().pick('Other', 'Other Folder...');
    await answerDialog('other-lm');
    // Its first answer goes into the folder, the next one takes it.
    await workbench().pressUntil(
      'Enter',
      'the dialog to close',
      async () => (await workbench().quickInputValue()) === undefined,
    );
    const failure = (await section('suggest')).locator('.failure');
    await failure.filter({ hasText: /^other-lm is no language model that can be used: .*describes "gpt2"/ }).waitFor();
    expect(await failure.innerText()).toContain('architecture of tiny-lm');
  });

  test('is read from the workspace, for both sections', async () => {
    await press('suggest', /^\s*Pick\.\.\.\s*$/);
    await workbench().pick('tiny-lm', 'tiny-lm');
    await (await buttonOf('suggest', 'tiny-lm...')).waitFor({ timeout: 60_000 });
    expect(await (await section('suggest')).locator('.failure').count()).toBe(0);
    await pick('quality', 'on', 'model');
    await (await buttonOf('quality', 'tiny-lm...')).waitFor();
    await press('suggest', 'Start');
    await (await section('suggest')).getByText(/^(Reading the text|Searching), /).waitFor({ timeout: 60_000 });
    await press('suggest', 'Cancel');
    await (await buttonOf('suggest', 'Start')).waitFor();
  }, 150_000);
});
