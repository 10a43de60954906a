import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { lowerNamed } from '../../server/language.ts';
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

describe('the sections', () => {
  test('tell keys per query as bars, the design by its pairs, and which libraries can express it', async () => {
    const { page } = preview;
    await preview.show('where (i, j) => j <= i && (j < 4 || i - j < 16)', 64, { name: 'sinks' });
    await page.locator('section.design', { hasText: 'StreamingLLM' }).waitFor();
    // Rows 0 to 19 have 1 to 20 keys, those after them 20.
    const bars = page.locator('svg.histogram');
    await bars.and(page.getByRole('img', { name: '45 queries have 20 keys' })).waitFor();
    const fit = page.locator('section.fit');
    await fit.locator('details', { hasText: 'PyTorch FlexAttention, exactly' }).waitFor();
    await fit.locator('summary', { hasText: 'FlashAttention window_size' }).click();
    expect(await fit.locator('details[open]').innerText()).toMatch(/See query \d+, key \d+/);
  });

  test('draw charts whose numbers can be read as a table', async () => {
    const { page } = preview;
    await preview.show('sliding(16) | columns([0])', 64, { name: 'charted' });
    const charts = page.locator('section.charts figure');
    const scaling = charts.filter({ hasText: 'Cost of one head against n' });
    await scaling.locator('canvas').waitFor();
    await charts.filter({ hasText: 'Waste by tile size' }).locator('canvas').waitFor();
    await charts.filter({ hasText: 'Keys per query' }).locator('canvas').waitFor();
    await scaling.getByText('As a table').click();
    const rows = scaling.locator('tbody tr');
    expect(await rows.count()).toBe(15);
    // 64 * 64 pairs, 64 numbers a head, 4 operations each.
    expect(await rows.first().innerText()).toContain('1.05 M');
    // It is as wide as its place, sharp, and inked.
    const drawn = (): Promise<{ wide: boolean; inked: boolean }> =>
      scaling.locator('canvas').evaluate(element => {
        const canvas = element as HTMLCanvasElement;
        const { width, height } = canvas;
        const data = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
        const place = canvas.closest('sparse-chart')?.clientWidth ?? 0;
        return { wide: Math.abs(width - place * devicePixelRatio) < 2, inked: data.some(value => value > 0) };
      });
    await expect.poll(drawn).toEqual({ wide: true, inked: true });
    await page.setViewportSize({ width: 300, height: 700 });
    await expect.poll(drawn).toEqual({ wide: true, inked: true });
    await page.setViewportSize({ width: 1000, height: 700 });
  });

  test('keep runs as a table, also after the page was loaded again, and copy it', async () => {
    const { page } = preview;
    await preview.show('sliding(16)', 256, { name: 'measured' });
    const pick = (name: string, value: string): Promise<void> =>
      page.locator(`.run .${name}`).evaluate((element, to) => {
        (element as HTMLSelectElement).value = to;
        element.dispatchEvent(new Event('change', { bubbles: true }));
      }, value);
    await pick('backend', 'cpu');
    await pick('width', '32');
    const rows = page.locator('.run .runs tbody tr');
    for (const expected of [1, 2]) {
      await page.locator('.run vscode-button', { hasText: /^\s*Run\s*$/ }).click();
      await expect.poll(() => rows.count(), { timeout: 60_000 }).toBe(expected);
    }
    await pick('dtype', 'f16');
    await page.waitForTimeout(400);
    await preview.reload();
    await preview.shown('measured 256');
    await expect.poll(() => rows.count(), { timeout: 10_000 }).toBe(2);
    expect((await rows.first().innerText()).replace(/\s+/g, ' ')).toMatch(
      /^measured CPU f32 256 1 1 32 random [0-9.]+ ms [0-9.]+ ms /,
    );
    // Texts begin where their title does, numbers end there.
    const edges = (of: string, column: number): Promise<readonly number[]> =>
      page
        .locator(`.run .runs ${of}`)
        .nth(column)
        .evaluate(element => {
          const range = document.createRange();
          range.selectNodeContents(element);
          const { left, right } = range.getBoundingClientRect();
          return [Math.round(left), Math.round(right)];
        });
    for (const column of [0, 1, 2, 7]) {
      const [title, first] = [await edges('th', column), await edges('tbody tr:first-child td', column)];
      expect(first[0]).toBe(title[0]);
    }
    for (const column of [3, 9]) {
      const [title, first] = [await edges('th', column), await edges('tbody tr:first-child td', column)];
      expect(first[1]).toBe(title[1]);
    }
    expect(await page.locator('.run .dtype').evaluate(element => (element as HTMLSelectElement).value)).toBe('f16');
    await page.locator('.run vscode-button', { hasText: 'Copy as CSV' }).click();
    await expect
      .poll(async () => (await preview.sent()).find(message => message.type === 'copy'))
      .toMatchObject({ text: expect.stringMatching(/\r\nmeasured,CPU,f32,256,1,1,32,random,/) });
    // Why nothing ran is of no interest any more when it could.
    const run = page.locator('.run vscode-button', { hasText: /^\s*Run\s*$/ });
    await preview.send({ type: 'stale', version: 2, message: 'A bracket is missing.', line: 1 });
    await page.getByRole('status').filter({ hasText: 'Showing the last good version.' }).waitFor();
    await run.click();
    await page.locator('.run .failure', { hasText: 'Nothing ran: A bracket is missing.' }).waitFor();
    await preview.show('sliding(16)', 256, { name: 'measured' });
    await page.locator('.run .failure').waitFor({ state: 'detached' });
    await page.locator('.run vscode-button', { hasText: 'Clear' }).click();
    await rows.first().waitFor({ state: 'detached' });
  }, 120_000);

  test('tell nothing of a mask that is not there, and wait for nothing', async () => {
    const { page } = preview;
    const text = 'model Gap { tokens = 64  layers = 2  heads = 2  attention layers [0] = sliding(4) }';
    await preview.showModel(lowerNamed(await parsed(text), 'Gap'), 64);
    const heads = page.locator('section.heads');
    const about = page.locator('section:is(.pairs, .design, .cost, .flow, .fit, .charts, .field)');
    await expect.poll(() => about.count()).toBe(7);
    await heads.getByRole('button', { name: 'layer 1, heads 0..2' }).click();
    await page.getByRole('alert').filter({ hasText: 'No rule of Gap reaches layer 1, head 0.' }).waitFor();
    await expect.poll(() => about.count()).toBe(0);
    expect(await page.locator('.side').innerText()).not.toMatch(/Computing|Counting/);
    await heads.getByRole('button', { name: 'layer 0, heads 0..2' }).click();
    await page.locator('section.pairs', { hasText: 'Pairs' }).waitFor();
  });

  test('follow a primitive that is hidden', async () => {
    const { page } = preview;
    await preview.show('sliding(16) | columns([0])', 64, { name: 'toggled' });
    await page.getByRole('button', { name: 'Show columns([0])' }).click();
    await page.locator('section.design', { hasText: 'Sliding window' }).waitFor();
  });

  test('show the masks of a large model each once, wherever they are used, or those of one layer where they are many', async () => {
    const { page } = preview;
    const show = async (rules: string, layers = 80): Promise<void> => {
      const text = `model Large { tokens = 256  layers = ${layers}  heads = 64  dim = 4096  ${rules} }`;
      await preview.showModel(lowerNamed(await parsed(text), 'Large'), 256);
    };
    await show(
      'attention = sliding(8)  attention layers 1..80 step 2 = sliding(16)  attention heads 0..64 step 2 = columns([0])',
    );
    const heads = page.locator('section.heads');
    const buttons = heads.locator('.head-list button');
    await heads.getByText('3 different masks', { exact: true }).waitFor();
    expect(await buttons.evaluateAll(all => all.map(one => one.ariaLabel))).toEqual([
      'layers 0..80, heads 0..64 step 2',
      'layers 0..80 step 2, heads 1..64 step 2',
      'layers 1..80 step 2, heads 1..64 step 2',
    ]);
    await buttons.nth(2).click();
    await page.locator('section.legend', { hasText: 'sliding(16)' }).waitFor();
    expect(await buttons.evaluateAll(all => all.map(one => one.ariaPressed))).toEqual(['false', 'false', 'true']);
    await show('attention = window(before: 2 * layer + head, after: 0)');
    // 2 * 79 + 63 is the largest of so many.
    await heads.getByText('222 different masks', { exact: true }).waitFor();
    await show('attention = window(before: 64 * layer + head, after: 0) & columns([0..8])', 8);
    await page.locator('#layer').evaluate(element => {
      (element as HTMLInputElement).value = '3';
      element.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await heads.getByText('different masks; of layer 3:').waitFor();
    expect(await buttons.count()).toBe(64);
    await buttons.nth(5).click();
    await page.locator('section.legend', { hasText: 'window(before: 197' }).waitFor();
  });
});
