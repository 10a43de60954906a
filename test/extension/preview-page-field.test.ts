import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { cornerOf, pixelOf, wholeMask } from '../../client/webview/mask/camera.ts';
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

/** Which keys are marked in the strip above a row of a mask of n tokens that is shown whole. */
async function marked(n: number, row: number): Promise<readonly number[]> {
  const marks = preview.page.locator('canvas.marks');
  const size = await marks.evaluate(({ width, height }: HTMLCanvasElement) => ({ width, height }));
  const camera = wholeMask({ queries: n, keys: n }, size);
  const corner = cornerOf(camera);
  const edge = (key: number): number => pixelOf(key, corner.x, camera.scale);
  const all = Array.from({ length: n }, (_, key) => key);
  const middles = all.map(key => Math.floor((edge(key) + edge(key + 1)) / 2));
  const colours = await marks.evaluate(
    (canvas: HTMLCanvasElement, { y, xs }) =>
      xs.map(x => Array.from(canvas.getContext('2d')?.getImageData(x, y, 1, 1).data ?? [])),
    { y: pixelOf(row, corner.y, camera.scale) - 8, xs: middles },
  );
  // The colour of the cursor is bright, what is behind it is dark; lines that cross are nearly clear.
  return all.filter(key => colours[key]?.[3] === 255 && (colours[key]?.[0] ?? 0) > 150);
}

const keys = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('the receptive field of a token', () => {
  test('is drawn over the picture and told as layers are stacked', async () => {
    const { page } = preview;
    await preview.show('sliding(4)', 24, { name: 'near' });
    const section = page.locator('section.field');
    await section.filter({ hasText: 'Select a cell' }).waitFor();
    await page.locator('canvas.marks').focus();
    for (const key of ['1', '6', ',', '1', '6', 'Enter']) await page.keyboard.press(key);
    const slider = section.getByRole('slider', { name: 'Layers that are stacked' });
    await slider.waitFor();
    await section.filter({ hasText: '13 to 16' }).waitFor();
    // One layer is the row itself.
    expect(await marked(24, 16)).toEqual([]);
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    await section.filter({ hasText: '10 to 16' }).waitFor();
    await expect.poll(() => marked(24, 16)).toEqual(keys(10, 16));
    await page.keyboard.press('End');
    await section.filter({ hasText: '0 to 16' }).waitFor();
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toBe('6 layers: 17 of 24 keys (70.8 %), 0 to 16');
    await expect.poll(() => marked(24, 16)).toEqual(keys(0, 16));
    // Folded, it is neither drawn nor asked for.
    await page.getByRole('button', { name: 'Receptive field' }).click();
    await expect.poll(() => marked(24, 16)).toEqual([]);
    await page.getByRole('button', { name: 'Receptive field' }).click();
    await expect.poll(() => marked(24, 16)).toEqual(keys(0, 16));
  });

  test("takes each layer's own pattern, and is there again after the page was loaded again", async () => {
    const { page } = preview;
    const file = await createLanguage(NO_FILES).open(
      'file:///mine.sparse',
      'model M { tokens = 32 layers = 3 attention = sliding(4) attention layers [1] = columns([2]) | diagonal() }',
    );
    await preview.showModel(file.lower('M'), 32);
    await page.locator('canvas.marks').focus();
    for (const key of ['2', '0', ',', '2', '0', 'Enter']) await page.keyboard.press(key);
    const section = page.locator('section.field');
    // After the first layer 17 to 20; the second brings what key 2 had: 0 to 2; the third has both three back.
    await section.filter({ hasText: 'not before the last of 3 layers' }).waitFor();
    const slider = section.getByRole('slider');
    await slider.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => marked(32, 20)).toEqual([...keys(0, 2), ...keys(17, 20)]);
    await page.waitForTimeout(300);
    await preview.reload();
    await preview.shown('M 32');
    await expect.poll(() => marked(32, 20)).toEqual([...keys(0, 2), ...keys(17, 20)]);
  });
});
