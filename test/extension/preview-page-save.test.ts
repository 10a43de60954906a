import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { PictureFormat } from '../../client/preview/messages.ts';
import { DARK, LIGHT, type Rgb } from '../../runtime/draw/palette.ts';
import { extensionFolder } from './extension-under-test.ts';
import { PreviewPage } from './preview-page.ts';

let preview: PreviewPage;

beforeAll(async () => {
  preview = await PreviewPage.open(inject('executable'), extensionFolder);
});

afterAll(async () => {
  await preview?.close();
});

async function pick(label: string, value: string): Promise<void> {
  await preview.page.locator(`section.save vscode-single-select[aria-label="${label}"]`).evaluate((element, to) => {
    (element as HTMLSelectElement).value = to;
    element.dispatchEvent(new Event('change', { bubbles: true }));
  }, value);
}

async function setSide(side: number): Promise<void> {
  const field = preview.page.locator('section.save').getByRole('textbox', { name: 'Longer side in pixels' });
  await field.fill(String(side));
  await field.press('Enter');
}

interface Saved {
  readonly name: string;
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  /** Colours at the points that were asked for, as the browser shows the file. */
  readonly colours: readonly (readonly number[])[];
  readonly text: string;
}

/** Saves the picture, and has the browser draw the file that the extension is sent. */
async function saved(points: readonly (readonly [x: number, y: number])[]): Promise<Saved> {
  const { page } = preview;
  const before = (await preview.sent()).length;
  await page.locator('section.save vscode-button', { hasText: 'Save...' }).click();
  await page.waitForFunction(
    count => (window as unknown as { sent: { type: string }[] }).sent.slice(count).some(({ type }) => type === 'save'),
    before,
  );
  return page.evaluate(async at => {
    const { sent } = window as unknown as {
      sent: { type: string; name: string; format: 'png' | 'svg'; bytes: Uint8Array<ArrayBuffer> }[];
    };
    const message = sent.findLast(({ type }) => type === 'save');
    if (message === undefined) throw new Error('nothing was saved');
    const { name, format, bytes } = message;
    const type = format === 'png' ? 'image/png' : 'image/svg+xml';
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([bytes], { type }));
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.drawImage(image, 0, 0);
    const colours = at.map(([x, y]) => Array.from(context.getImageData(x, y, 1, 1).data.slice(0, 3)));
    return { name, format, width, height, colours, text: format === 'svg' ? new TextDecoder().decode(bytes) : '' };
  }, points);
}

const N = 16;
/** The middle of each cell of a picture of 16 x 16 cells of 20 pixels, but for the lines between them. */
const MIDDLES = Array.from({ length: N * N }, (_, at) => [20 * (at % N) + 9, 20 * Math.floor(at / N) + 10] as const);

/** sliding(4) | columns([0]): what the middles of cells may look like; cells of both parts are striped. */
function expectMask(
  colours: readonly (readonly number[])[],
  { parts, background }: { parts: readonly Rgb[]; background: Rgb },
): void {
  for (const [at, colour] of colours.entries()) {
    const [i, j] = [Math.floor(at / N), at % N];
    const lit = [...(i - j >= 0 && i - j < 4 ? [parts[0]] : []), ...(j === 0 ? [parts[1]] : [])];
    const allowed = lit.length === 0 ? [background] : lit;
    expect(allowed.map(String), `(${i}, ${j})`).toContain(String(colour));
  }
}

describe('the picture', () => {
  test('is saved as PNG in the colours that are shown or others, of any size, with or without a legend', async () => {
    const { page } = preview;
    await preview.show('sliding(4) | columns([0])', N, { name: 'mine' });
    await setSide(20 * N);
    const withLegend = await saved(MIDDLES);
    expect(withLegend).toMatchObject({ name: 'mine-16', format: 'png', width: 20 * N + 320, height: 20 * N });
    expectMask(withLegend.colours, { ...DARK, background: [31, 31, 31] });
    // The squares of the legend.
    const legend = await saved([
      [20 * N + 30, 42],
      [20 * N + 30, 66],
    ]);
    expect(legend.colours).toEqual(DARK.parts.slice(0, 2));
    await page.locator('section.save vscode-checkbox').click();
    await pick('Colours', 'light');
    const light = await saved(MIDDLES);
    expect(light).toMatchObject({ width: 20 * N, height: 20 * N });
    expectMask(light.colours, LIGHT);
    await setSide(9000);
    await page.locator('section.save .problem', { hasText: 'from 16 to 8192' }).waitFor();
    await setSide(2048);
    expect((await saved([])).width).toBe(2048);
  });

  test('is saved as SVG of rectangles, which a browser draws alike', async () => {
    await pick('File', 'svg');
    await setSide(20 * N);
    const { text, colours, width, name, format } = await saved(MIDDLES);
    expect({ width, name, format }).toEqual({ width: 20 * N, name: 'mine-16', format: 'svg' });
    expect(text).not.toContain('<image');
    // sliding(4) of 16 rows: a run for each row at the most, and the column.
    expect([...text.matchAll(/M\d+ \d+h/g)].length).toBeLessThanOrEqual(2 * N);
    expectMask(colours.map(snapped), LIGHT);
  });

  test('is what is in sight when that is asked for, without what is hidden', async () => {
    const { page } = preview;
    await pick('What', 'in sight');
    await page.locator('canvas.marks').focus();
    for (let step = 0; step < 3; step++) await page.keyboard.press('+');
    await page.getByRole('button', { name: 'Show columns([0])' }).click();
    const { name, text } = await saved([]);
    expect(name).toMatch(/^mine-16-\d+to\d+x\d+to\d+$/);
    expect(text).toMatch(/<title>mine: queries \d+\.\.\d+, keys \d+\.\.\d+ of 16 queries, 16 keys<\/title>/);
    await page.locator('section.save vscode-checkbox').click();
    expect((await saved([])).text).not.toContain('columns([0])');
    await page.getByRole('button', { name: 'Show columns([0])' }).click();
    await page.keyboard.press('0');
  });

  test('is copied, or it is said that it cannot be', async () => {
    const { page } = preview;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('section.save vscode-button', { hasText: 'Copy' }).click();
    await page.locator('section.save', { hasText: 'The picture is on the clipboard.' }).waitFor();
    const size = await page.evaluate(async () => {
      const [item] = await navigator.clipboard.read();
      const bitmap = item && (await createImageBitmap(await item.getType('image/png')));
      return bitmap?.width;
    });
    expect(size).toBeGreaterThan(300);
    await page.evaluate(() => {
      navigator.clipboard.write = () => Promise.reject(new DOMException('Write permission denied.', 'NotAllowedError'));
    });
    await page.locator('section.save vscode-button', { hasText: 'Copy' }).click();
    await page
      .locator('section.save .problem', { hasText: 'cannot be copied here (Write permission denied.)' })
      .waitFor();
  });
});

/** Where stripes meet, a browser mixes their colours: the one that is nearest. */
function snapped(colour: readonly number[]): readonly number[] {
  const all = [...LIGHT.parts.slice(0, 2), LIGHT.background];
  const distance = (to: Rgb): number => to.reduce((sum, channel, at) => sum + Math.abs(channel - (colour[at] ?? 0)), 0);
  return all.reduce((best, each) => (distance(each) < distance(best) ? each : best));
}
