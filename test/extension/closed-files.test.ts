import { describe, expect, test } from 'vitest';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
    'shared.sparse': '/** Near. */\npattern near = window(8)\n',
    'open.sparse':
      'import { near } from "./shared.sparse"\nimport { longformer } from "sparse:longformer"\n\npattern mine = near | longformer\n',
    'closed.sparse': 'import { near } from "./shared.sparse"\n\npattern unseen = near & causal()\n',
  },
});

/** Text of a file of the folder as it is stored. */
const stored = async (file: string): Promise<string> => (await workbench().readFile(file)).toString();

describe('files of the workspace that are not open', () => {
  test('have symbols', async () => {
    await workbench().openFile('open.sparse');
    await workbench().diagnostics('open.sparse', found => found.every(each => each.severity !== 'error'));
    const input = workbench().page.locator('.quick-input-widget:visible input[type="text"]').first();
    await workbench().pressUntil('ControlOrMeta+T', 'the field for symbols', async () => input.isVisible());
    await workbench().until('the list of symbols', async () => {
      // Right after the start the editor's search for files may not be up: the question is asked anew.
      await input.fill('#unsee');
      await input.fill('#unseen');
      const found = workbench().page.locator('.quick-input-list .monaco-list-row .label-name', { hasText: 'unseen' });
      return found
        .first()
        .waitFor({ timeout: 3_000 })
        .then(() => true)
        .catch(() => false);
    });
    await workbench().page.keyboard.press('Escape');
  });

  test('are renamed along, with their imports', async () => {
    await workbench().goToText('open.sparse', 'near |', 1);
    const field = workbench().page.locator('.rename-box input.rename-input');
    await workbench().pressUntil('F2', 'the field for the new name', async () => field.isVisible());
    await field.fill('close_by');
    await field.press('Enter');
    await workbench().until(
      'the closed file to be renamed in',
      async () => (await stored('closed.sparse')).includes('close_by'),
      undefined,
      30_000,
    );
    expect(await stored('closed.sparse')).toBe(
      'import { close_by } from "./shared.sparse"\n\npattern unseen = close_by & causal()\n',
    );
    expect(await stored('shared.sparse')).toBe('/** Near. */\npattern close_by = window(8)\n');
    expect(await workbench().probe.ask('text', { file: 'open.sparse' })).toContain('pattern mine = close_by |');
    await workbench().diagnostics('open.sparse', found => found.every(each => each.severity !== 'error'));
  });
});

test('a name of the library cannot be renamed, and the editor says why', async () => {
  await workbench().openFile('open.sparse');
  await workbench().goToText('open.sparse', '| longformer', 4);
  const message = workbench().page.locator('.monaco-editor-overlaymessage');
  await workbench().pressUntil('F2', 'the reason', async () => {
    const texts = await message.allInnerTexts();
    return texts.some(text => text.includes('belongs to the standard library'));
  });
  await workbench().page.keyboard.press('Escape');
});

test('a hover has a picture of the mask, which the editor shows', async () => {
  await workbench().openFile('open.sparse');
  const text = await workbench().probe.ask('text', { file: 'open.sparse' });
  const line = text.split('\n').findIndex(each => each.startsWith('pattern mine')) + 1;
  const image = workbench().page.locator('.monaco-hover:visible .hover-contents img').first();
  // A hover does not wait for its picture: on a busy machine the next one has it.
  await workbench().until('the picture', async () => {
    await workbench().hover(line, 'pattern mi'.length + 1);
    if (await image.isVisible()) return true;
    await workbench().dismissHover();
    return false;
  });
  const shown = await image.evaluate(async element => {
    const { complete, naturalWidth, naturalHeight, src } = element as HTMLImageElement;
    return { complete, naturalWidth, naturalHeight, scheme: src.slice(0, 22) };
  });
  expect(shown).toEqual({ complete: true, naturalWidth: 130, naturalHeight: 130, scheme: 'data:image/png;base64,' });
  await workbench().dismissHover();
});
