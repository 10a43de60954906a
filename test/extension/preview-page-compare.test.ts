import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { DARK, type Rgb } from '../../runtime/draw/palette.ts';
import { createLanguage, NO_FILES } from '../../server/language.ts';
import { extensionFolder } from './extension-under-test.ts';
import { PreviewPage } from './preview-page.ts';

let preview: PreviewPage;

beforeAll(async () => {
  preview = await PreviewPage.open(inject('executable'), extensionFolder);
});

afterAll(async () => {
  await preview?.close();
});

const N = 16;
const OTHER = { uri: 'file:///other.sparse', name: 'wider' };

/** Pixels of the picture in the colours of the first three parts, or of a difference. */
async function colours(of: readonly Rgb[], selector?: string): Promise<readonly number[]> {
  const picture = await preview.settled(selector);
  return of.slice(0, 3).map(colour => picture.colours[`${colour.join()},255`] ?? 0);
}

/** The extension sends what `wider` is now. */
async function sendOther(text: string): Promise<void> {
  const model = { ...(await createLanguage(NO_FILES).lowerExpression(text)), name: 'wider' };
  await preview.send({ type: 'other', ...OTHER, model, problem: null });
}

describe('a comparison', () => {
  test('as a difference has a colour for what only one holds and for what both do, with exact counts', async () => {
    const { page } = preview;
    await preview.show('sliding(4) | columns([0])', N, { name: 'mine' });
    await page.locator('.toolbar vscode-button', { hasText: 'Compare...' }).click();
    expect((await preview.sent()).at(-1)).toEqual({ type: 'compare' });
    await sendOther('sliding(6)');
    await page.locator('canvas.marks[data-against="wider"]').waitFor();
    // Told, so that it is sent again when its file changes.
    await expect.poll(async () => (await preview.sent()).at(-1)).toEqual({ type: 'other', other: OTHER, tokens: N });
    let [first, second, both] = [0, 0, 0];
    for (let i = 0; i < N; i++)
      for (let j = 0; j <= i; j++) {
        const [a, b] = [i - j < 4 || j === 0, i - j < 6];
        if (a && b) both++;
        else if (a) first++;
        else if (b) second++;
      }
    const section = page.locator('section.comparison');
    const rows = section.locator('.counts li');
    await rows.first().waitFor();
    const pairs = await rows.locator('.pairs').allInnerTexts();
    expect(pairs.map(Number)).toEqual([first, second, both]);
    const pixels = await colours(DARK.difference);
    const all = pixels.reduce((sum, count) => sum + count, 0);
    for (const [index, count] of [first, second, both].entries())
      expect(pixels[index]! / all).toBeCloseTo(count / (first + second + both), 2);
    // The first difference is a cell to go to.
    await section.getByRole('button', { name: /First difference/ }).click();
    await expect.poll(() => preview.readout()).toBe('i = 5, j = 1: only in wider');
  });

  test('side by side has both pictures as they are alone, and one cursor', async () => {
    const { page } = preview;
    await page.getByRole('button', { name: 'Side by side' }).click();
    const other = page.locator('.mask.other canvas.marks');
    await page.locator('.mask.other canvas.marks[data-shown="wider 16"]').waitFor();
    await page.locator('canvas.marks[data-against=""]').first().waitFor();
    const [mine, theirs] = [await colours(DARK.parts), await colours(DARK.parts, '.mask.other .cells canvas')];
    // sliding(4) and the column; sliding(6) alone.
    expect(mine[0]).toBeGreaterThan(500);
    expect(mine[1]).toBeGreaterThan(200);
    expect(theirs[1]).toBe(0);
    expect(theirs[0]! / mine[0]!).toBeCloseTo(81 / 54, 0);
    const box = (await other.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2 - 5, box.y + box.height / 2 + 5);
    await expect.poll(() => preview.readout()).toMatch(/^i = 8, j = 7: in both mine and wider/);
    await other.focus();
    await page.mouse.move(0, 0);
    await page.keyboard.press('Control+End');
    await page.keyboard.press('Home');
    await expect.poll(() => preview.readout()).toBe('i = 15, j = 0: only in mine');
    // Keys on either picture move both.
    const before = theirs[0]!;
    for (let step = 0; step < 4; step++) await page.keyboard.press('+');
    await expect.poll(async () => (await colours(DARK.parts, '.mask.other .cells canvas'))[0]).not.toBe(before);
    await page.keyboard.press('0');
    await expect.poll(async () => (await colours(DARK.parts, '.mask.other .cells canvas'))[0]).toBe(before);
  });

  test('follows the other file, and is there again after the page was loaded again', async () => {
    const { page } = preview;
    await sendOther('sliding(4)');
    await page.locator('section.comparison', { hasText: 'mine holds all of wider, and 12 pairs more.' }).waitFor();
    await preview.send({ type: 'other', ...OTHER, model: null, problem: 'There is no `sliding4`.' });
    await page.locator('section.comparison .problem', { hasText: 'no `sliding4`' }).waitFor();
    await page.waitForTimeout(300);
    await preview.reload();
    await page.locator('.mask.other canvas.marks[data-shown="wider 16"]').waitFor();
    await expect
      .poll(async () => (await preview.sent()).filter(({ type }) => type === 'other'))
      .toEqual([{ type: 'other', other: OTHER, tokens: N }]);
    await page.locator('section.comparison vscode-button', { hasText: 'End' }).click();
    await page.locator('.mask.other').waitFor({ state: 'detached' });
    await page.locator('section.comparison').waitFor({ state: 'detached' });
    await page.locator('section.legend').waitFor();
    expect((await preview.sent()).at(-1)).toEqual({ type: 'other', other: null, tokens: null });
  });
});
