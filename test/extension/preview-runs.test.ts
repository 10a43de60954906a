import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sampleInput } from '../../runtime/attention/sample-data.ts';
import { fromFloat32 } from '../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../runtime/tensor/safetensors.ts';
import { createLanguage, NO_FILES } from '../../server/language.ts';
import { axeFindings } from './axe.ts';
import { extensionFolder } from './extension-under-test.ts';
import { PreviewPage } from './preview-page.ts';

let preview: PreviewPage;

beforeAll(async () => {
  preview = await PreviewPage.open(inject('executable'), extensionFolder);
});

afterAll(async () => {
  await preview?.close();
});

const run = () => preview.page.locator('section.run');
const rows = () => run().locator('.runs tbody tr');
const notice = () => run().locator('.failure');

async function pick(name: string, value: string): Promise<void> {
  await run()
    .locator(`.${name}`)
    .evaluate((element, to) => {
      (element as HTMLSelectElement).value = to;
      element.dispatchEvent(new Event('change', { bubbles: true }));
    }, value);
}

async function type(id: string, text: string): Promise<void> {
  const field = run().locator(`#${id} input`);
  await field.fill(text);
  await field.press('Tab');
}

async function press(button: RegExp): Promise<void> {
  await run().locator('vscode-button', { hasText: button }).click();
}

async function rowText(index = 0): Promise<string> {
  return (await rows().nth(index).innerText()).replace(/\s+/g, ' ');
}

async function untilRows(count: number): Promise<void> {
  await expect.poll(() => rows().count(), { timeout: 60_000 }).toBe(count);
}

describe('a run', () => {
  test('has a length, heads and data of its own', async () => {
    await preview.show('sliding(16)', 64, { name: 'own' });
    await pick('backend', 'cpu');
    await pick('data', 'needle');
    await type('run-tokens', '1Ki');
    await type('run-heads', '4');
    await type('run-kv-heads', '2');
    await press(/^\s*Run\s*$/);
    await untilRows(1);
    expect(await rowText()).toMatch(/^own CPU f32 1,024 4 2 64 needle /);
    // The picture still shows what it showed.
    await preview.shown('own 64');
  }, 90_000);

  test('takes back numbers that make no sense, and says why others do not fit together', async () => {
    await type('run-tokens', '5Mi');
    expect(await run().locator('#run-tokens input').inputValue()).toBe('1024');
    await type('run-kv-heads', '3');
    await notice().filter({ hasText: '3 key/value heads do not divide 4 heads.' }).waitFor();
    expect(
      await run()
        .locator('vscode-button', { hasText: /^\s*Run\s*$/ })
        .getAttribute('disabled'),
    ).not.toBeNull();
    await type('run-kv-heads', '');
    await notice().waitFor({ state: 'detached' });
  });

  test('that does not fit into memory is predicted and not tried', async () => {
    await type('run-tokens', '1Mi');
    await press(/^\s*Run\s*$/);
    await notice().filter({ hasText: 'Not tried: its tensors need 5 GiB, more than the 512 MiB' }).waitFor();
    expect(await notice().innerText()).toMatch(/At the speed of the run at n = 1,024 it would take about [0-9.]+ m?s/);
    expect(await rows().count()).toBe(1);
  }, 60_000);

  test('can be cancelled, and is cut off when the page goes', async () => {
    await pick('data', 'random');
    await type('run-tokens', '16Ki');
    await type('run-heads', '8');
    await preview.show('causal()', 64, { name: 'long' });
    await press(/^\s*Run\s*$/);
    await run()
      .locator('.step', { hasText: /Sparse attention: long, n = 16,384/ })
      .waitFor({ timeout: 30_000 });
    // The bar moves only when there is something to go by.
    await run()
      .locator('.step', { hasText: / %, .* left/ })
      .waitFor({ timeout: 30_000 });
    await press(/Cancel/);
    await notice().filter({ hasText: 'The run was cancelled.' }).waitFor();
    await press(/^\s*Run\s*$/);
    await run().locator('progress').waitFor();
    await preview.page.waitForTimeout(400);
    await preview.reload();
    await preview.shown('long 64');
    await notice().filter({ hasText: 'The run of long at n = 16,384 was cut off' }).waitFor();
    expect(await rows().count()).toBe(1);
    expect(await run().locator('#run-heads input').inputValue()).toBe('8');
  }, 90_000);

  test('takes tensors of a file that the user picks', async () => {
    await preview.show('sliding(16)', 64, { name: 'filed' });
    await pick('data', 'tensors');
    await expect.poll(async () => (await preview.sent()).at(-1)).toEqual({ type: 'pickTensors' });
    const { q, k, v } = sampleInput({ heads: 3, kvHeads: 1, queries: 200, keys: 200, headDim: 16 }, 5);
    const bytes = writeSafetensors({
      q: fromFloat32(q, [3, 200, 16]),
      k: fromFloat32(k, [1, 200, 16]),
      v: fromFloat32(v, [1, 200, 16]),
    });
    const file = { uri: 'file:///qkv.safetensors', name: 'qkv.safetensors' };
    await preview.sendTensors(file, bytes);
    await run().locator('.file', { hasText: 'qkv.safetensors: 3 (1 kv) x 16, n = 200' }).waitFor();
    await press(/^\s*Run\s*$/);
    await untilRows(2);
    expect(await rowText()).toMatch(/^filed CPU f32 200 3 1 16 qkv\.safetensors /);
    // A page that comes back asks for the bytes again.
    await preview.page.waitForTimeout(400);
    await preview.reload();
    await preview.shown('filed 64');
    await press(/^\s*Run\s*$/);
    await expect.poll(async () => (await preview.sent()).at(-1)).toEqual({ type: 'readTensors', uri: file.uri });
    await preview.sendTensors(file, bytes.slice(0, 100));
    await notice().filter({ hasText: 'The run failed: qkv.safetensors: ' }).waitFor();
    await preview.send({ type: 'noTensors', problem: 'gone.npz cannot be read: no such file' });
    await run().locator('.file', { hasText: 'gone.npz cannot be read' }).waitFor();
    await pick('data', 'random');
  }, 90_000);
});

test('a mask that is chosen by content runs, with the time that choosing took', async () => {
  const model = { ...(await createLanguage(NO_FILES).lowerExpression('topk(8)')), name: 'chosen' };
  await preview.send({
    type: 'file',
    id: 'one',
    uri: 'file:///mine.sparse',
    fileName: 'mine.sparse',
    choices: [{ name: 'chosen', kind: 'pattern', problem: null }],
    selected: 'chosen',
    lock: null,
    defaultTokens: 64,
    renderer: 'canvas',
    runsInHost: false,
  });
  await preview.send({ type: 'model', version: 1, name: 'chosen', model, adjustables: [] });
  await type('run-tokens', '300');
  await type('run-heads', '');
  await press(/^\s*Run\s*$/);
  await run().locator('.runs tbody tr', { hasText: 'chosen' }).waitFor({ timeout: 60_000 });
  expect(await rowText()).toMatch(/^chosen CPU f32 300 /);
  expect(await run().locator('dl.numbers').innerText()).toMatch(/Selection\s+[0-9.]+ m?s/);
}, 90_000);

describe('the latest run', () => {
  /** How many pixels of the overlay have a colour, and how bright they are in the mean. */
  const overlay = () =>
    preview.page.locator('.mask canvas.weights').evaluate(element => {
      const canvas = element as HTMLCanvasElement;
      const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      let inked = 0;
      let bright = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] === 0) continue;
        inked++;
        bright += (data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0);
      }
      return {
        inked,
        bright: bright / Math.max(1, inked),
        side: Number(canvas.dataset.side ?? 0),
        hidden: canvas.hidden,
      };
    });

  test('lays its weights over the mask at every zoom, and shows its errors by row', async () => {
    const { page } = preview;
    await preview.show('sliding(8) | columns([0..4])', 64, { name: 'weighed' });
    await type('run-tokens', '');
    await type('run-heads', '2');
    await type('run-kv-heads', '');
    await pick('data', 'sinks');
    await press(/^\s*Run\s*$/);
    await run().locator('.runs tbody tr', { hasText: 'weighed' }).first().waitFor({ timeout: 60_000 });
    await run()
      .locator('figure', { hasText: 'weighed: largest error of the output by query' })
      .locator('canvas')
      .waitFor();
    expect((await overlay()).hidden).toBe(true);
    await pick('weights', 'max');
    await expect.poll(async () => (await overlay()).inked, { timeout: 15_000 }).toBeGreaterThan(1000);
    const whole = await overlay();
    // 64 tokens on hundreds of pixels: every pair has a colour of its own, and only pairs of the mask have one.
    expect(whole.side).toBe(1);
    // The pairs of the mask, counted one by one.
    let pairs = 0;
    for (let i = 0; i < 64; i++) for (let j = 0; j < 64; j++) if ((j <= i && i - j < 8) || j < 4) pairs++;
    // 64 cells are nearly as wide as the narrower side of the picture.
    const { width, height } = (await page.locator('.mask').boundingBox())!;
    const side = Math.sqrt(whole.inked / pairs) * 64;
    expect(side).toBeGreaterThan(0.8 * Math.min(width, height));
    expect(side).toBeLessThan(Math.min(width, height));
    // The pointer tells the weight of a pair; that of a query with one key is 1.
    await page.locator('canvas.marks').focus();
    await page.keyboard.press('Control+Home');
    await run().locator('.muted', { hasText: 'each pair; here ' }).waitFor();
    // Of the mask as it ran only: another length, and another mask, have no weights yet.
    await page.keyboard.press('Escape');
    await page.locator('.toolbar #tokens input').fill('128');
    await page.locator('.toolbar #tokens input').press('Enter');
    await run().locator('.note', { hasText: 'The latest run was at n = 64, and the picture shows n = 128.' }).waitFor();
    await expect.poll(async () => (await overlay()).hidden).toBe(true);
    await press(/Show n = 64/);
    await expect.poll(async () => (await overlay()).inked, { timeout: 15_000 }).toBe(whole.inked);
    await page.getByRole('button', { name: 'Show columns([0..4])' }).click();
    await run().locator('.note', { hasText: 'The mask has changed since it ran' }).waitFor();
    await page.getByRole('button', { name: 'Show columns([0..4])' }).click();
    // From far away squares of several pairs share a colour.
    await type('run-tokens', '4Ki');
    await press(/^\s*Run\s*$/);
    await run().locator('.runs tbody tr', { hasText: '4,096' }).first().waitFor({ timeout: 60_000 });
    await press(/Show n = 4,096/);
    await preview.shown('weighed 4096');
    await expect.poll(async () => (await overlay()).side, { timeout: 15_000 }).toBeGreaterThan(8);
    await run()
      .locator('.muted', { hasText: /squares of \d+ x \d+ pairs, ≈ from some of them/ })
      .waitFor();
    // As the test and not as the page, which lets no strange script in.
    expect(await axeFindings(page)).toEqual([]);
    const most = (await overlay()).bright;
    await pick('weights', 'mean');
    await expect.poll(async () => (await overlay()).bright).toBeLessThan(most);
    await pick('weights', '');
    await expect.poll(async () => (await overlay()).hidden).toBe(true);
  }, 120_000);
});

describe('a sweep', () => {
  test('measures one length after the other and charts them', async () => {
    await run().locator('vscode-button', { hasText: 'Clear' }).click();
    await preview.show('sliding(16)', 64, { name: 'swept' });
    await type('run-heads', '');
    await pick('sweep-time', '10');
    await press(/Sweep/);
    await run().locator('.note', { hasText: 'The sweep ended at n = ' }).waitFor({ timeout: 60_000 });
    const count = await rows().count();
    expect(count).toBeGreaterThan(2);
    expect(await rowText(count - 1)).toMatch(/^swept CPU f32 1,024 /);
    expect(await rowText(count - 2)).toMatch(/^swept CPU f32 2,048 /);
    const chart = run().locator('figure', { hasText: 'swept on CPU, 1 x 64, f32: time against n' });
    await chart.locator('canvas').waitFor();
    await chart.getByText('As a table').click();
    expect(await chart.locator('tbody tr').count()).toBe(count);
    await preview.page.waitForTimeout(400);
    await preview.reload();
    await chart.locator('canvas').waitFor();
  }, 90_000);
});
