import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { DARK } from '../../runtime/draw/palette.ts';
import { adjustablesOf } from '../../server/adjustable.ts';
import { lowerNamed } from '../../server/language.ts';
import { declarationNamed } from '../../server/lower.ts';
import type { Adjustments } from '../../server/protocol.ts';
import { parsed } from '../server/open-file.ts';
import { extensionFolder } from './extension-under-test.ts';
import { PreviewPage } from './preview-page.ts';

let preview: PreviewPage;

beforeAll(async () => {
  preview = await PreviewPage.open(inject('executable'), extensionFolder);
});

afterAll(async () => {
  await preview?.close();
});

/** What the extension sends for a pattern `p` of a text, with other values or without. */
async function answer(text: string, adjustments: Adjustments = {}) {
  const file = await parsed(text);
  return {
    model: lowerNamed(file, 'p', undefined, adjustments),
    adjustables: adjustablesOf(declarationNamed(file, 'p')),
  };
}

/** Pixels of the colours of the first two parts. */
async function pixels(): Promise<readonly number[]> {
  const { colours } = await preview.settled();
  return DARK.parts.slice(0, 2).map(colour => colours[`${colour.join()},255`] ?? 0);
}

/** The last thing that the page tried out. */
async function asked(): Promise<Adjustments | undefined> {
  const messages = await preview.sent();
  const last = messages.filter(message => message.type === 'adjust').at(-1);
  return last?.type === 'adjust' ? last.adjustments : undefined;
}

describe('parameters', () => {
  const text = 'pattern p(size = 4, tokens = [0]) = sliding(size) | columns(tokens)';

  test('are tried out by slider and by field without touching the file, and written when asked to', async () => {
    const { page } = preview;
    const { model, adjustables } = await answer(text);
    await preview.showModel(model, 64, 'canvas', adjustables);
    const before = await pixels();
    const slider = page.getByRole('slider', { name: 'size, keys' });
    expect(await slider.evaluate(input => [(input as HTMLInputElement).min, (input as HTMLInputElement).max])).toEqual([
      '1',
      '16',
    ]);
    await slider.focus();
    for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowRight');
    await expect.poll(asked).toEqual({ size: 7 });
    const send = async (source: string, adjustments: Adjustments): Promise<void> =>
      preview.send({ type: 'model', version: 1, name: 'p', ...(await answer(source, adjustments)) });
    await send(text, { size: 7 });
    await page.locator('.legend', { hasText: 'sliding(7)' }).waitFor();
    await page.locator('section.pairs', { hasText: '484' }).waitFor();
    expect((await pixels())[0]).toBeGreaterThan(1.5 * before[0]!);
    const list = page.locator('section.parameters').getByRole('textbox', { name: 'tokens' });
    await list.fill('[0, 9..11');
    await list.press('Enter');
    await page.locator('.adjustable .problem', { hasText: 'Write positions' }).waitFor();
    await list.fill('0, 9..11');
    await list.press('Enter');
    await expect.poll(asked).toEqual({ size: 7, tokens: '[0, 9..11]' });
    await page.locator('.adjustable .problem').waitFor({ state: 'detached' });
    await page.waitForTimeout(300);
    // What is tried out is still there after the page was loaded again, and the extension is told.
    await preview.reload();
    await expect
      .poll(async () => (await preview.sent())[0])
      .toEqual({
        type: 'ready',
        chosen: {
          ...{ uri: 'file:///mine.sparse', name: 'p', tokens: null },
          adjustments: { size: 7, tokens: '[0, 9..11]' },
        },
      });
    await send(text, { size: 7, tokens: '[0, 9..11]' });
    await page.locator('.legend', { hasText: 'columns([0, 9..11])' }).waitFor();
    await page.locator('section.parameters vscode-button', { hasText: 'Apply' }).click();
    await expect
      .poll(async () => (await preview.sent()).at(-1))
      .toEqual({ type: 'apply', adjustments: { size: 7, tokens: '[0, 9..11]' } });
    await send('pattern p(size = 7, tokens = [0, 9..11]) = sliding(size) | columns(tokens)', {});
    await page.locator('section.parameters vscode-button').first().waitFor({ state: 'detached' });
    await expect.poll(asked).toEqual({});
  });

  test('go back to what the source says', async () => {
    const { page } = preview;
    const { model, adjustables } = await answer(text);
    await preview.showModel(model, 64, 'canvas', adjustables);
    const field = page.locator('section.parameters').getByRole('textbox', { name: 'size, keys' });
    await field.fill('0');
    await field.press('Enter');
    await page.locator('.adjustable .problem', { hasText: 'at least 1' }).waitFor();
    await field.fill('1Ki');
    await field.press('Enter');
    await expect.poll(asked).toEqual({ size: 1024 });
    await page.locator('section.parameters vscode-button', { hasText: 'Reset' }).click();
    await expect.poll(asked).toEqual({});
    await expect.poll(() => field.inputValue()).toBe('4');
  });
});
