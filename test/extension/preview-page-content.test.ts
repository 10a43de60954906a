import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { chooseSample } from '../../client/webview/content/choose-sample.ts';
import { statistics } from '../../runtime/analyse/statistics.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { createLanguage, lowerNamed, NO_FILES } from '../../server/language.ts';
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

/** Pairs that content chooses for the sample, computed here. */
async function pairsOf(expression: string, tokens: number): Promise<string> {
  const model = await createLanguage(NO_FILES).lowerExpression(expression);
  const { model: chosen } = await chooseSample({ model, tokens, layer: 0, head: 0, hidden: [] });
  return Number(statistics(patternAt(chosen, 0, 0)!, shapeAt(chosen, 0, 0, tokens)).pairs).toLocaleString('en-US');
}

test('what content chooses is drawn and counted for made-up data, and that is said', async () => {
  const { page } = preview;
  for (const [expression, kind, parts] of [
    ['topk(16, within: causal()) | sliding(9)', 'sinks', ['topk(16, within: causal())', 'sliding(9)']],
    ['routing(8) & causal()', 'clusters', ['routing(8)']],
    ['block_topk(16, 2)', 'sinks', ['block_topk(16, blocks: 2)']],
  ] as const) {
    await preview.show(expression, 200, { name: `shows_${kind}_${expression.length}` });
    expect(Object.keys((await preview.settled()).colours).length).toBeGreaterThan(parts.length);
    const badge = page.locator('.badge', { hasText: 'A sample.' });
    await badge.waitFor();
    expect(await badge.innerText()).toContain(`made-up queries and keys (${kind}, seed 0, heads of 64)`);
    expect(await page.locator('.part code').allInnerTexts()).toEqual(parts);
    await page.locator('.side', { hasText: await pairsOf(expression, 200) }).waitFor();
    expect(await page.locator('.badge.error').count()).toBe(0);
  }
}, 60_000);

test('masks that content chooses are compared, each with what was chosen for it', async () => {
  const { page } = preview;
  await preview.show('topk(8)', 96, { name: 'few' });
  const model = { ...(await createLanguage(NO_FILES).lowerExpression('topk(12)')), name: 'many' };
  await preview.send({ type: 'other', uri: 'file:///other.sparse', name: 'many', model, problem: null });
  await page.locator('canvas.marks[data-against="many"]').waitFor();
  const section = page.locator('section.comparison');
  await section.getByText(`many holds all of few, and ${(4 * 96).toLocaleString('en-US')} pairs more.`).waitFor();
  await page
    .locator('.badge', {
      hasText: 'few and many choose keys by content: shown for made-up queries and keys (sinks, seed 0,',
    })
    .waitFor();
  await section.getByRole('button', { name: 'Side by side', exact: true }).click();
  await page.locator('.mask.other canvas.marks[data-shown="many 96"]').waitFor();
  await section.locator('vscode-button', { hasText: 'End' }).click();
}, 60_000);

test('the masks of other heads are drawn for the sample, too, or say why not', async () => {
  const { page } = preview;
  const text =
    'model Mixed { tokens = 96 heads = 3 attention = topk(8) attention heads [1] = sliding(4) attention heads [2] = routing(4) }';
  await preview.showModel(lowerNamed(await parsed(text), 'Mixed'), 96);
  const grid = page.locator('.head-grid');
  await expect.poll(() => grid.locator('img').count(), { timeout: 20_000 }).toBe(3);
  // Three masks are three pictures.
  expect(new Set(await grid.locator('img').evaluateAll(all => all.map(each => each.getAttribute('src')))).size).toBe(3);
  expect(await grid.locator('button').first().getAttribute('aria-label')).toBe(
    'layer 0, head 0. keys are chosen by content',
  );
  const length = page.locator('#tokens input');
  await length.fill('8192');
  await length.press('Enter');
  await grid.locator('.words', { hasText: 'by content' }).first().waitFor();
  expect(await grid.locator('.words').count()).toBe(2);
  expect(await grid.locator('button').first().getAttribute('title')).toContain('up to 4,096 tokens');
}, 60_000);

test('another length is chosen anew, and one that takes too long is refused with the reason', async () => {
  const { page } = preview;
  await preview.show('topk(8)', 96, { name: 'lengths' });
  const length = page.locator('#tokens input');
  await length.fill('130');
  await length.press('Enter');
  await preview.shown('lengths 130');
  await page.locator('.side', { hasText: (8 * 130).toLocaleString('en-US') }).waitFor();
  await length.fill('8192');
  await length.press('Enter');
  const badge = page.locator('.badge.error');
  await badge.waitFor();
  expect(await badge.innerText()).toMatch(/up to 4,096 tokens.*sparse draw --input/);
  await length.fill('64');
  await length.press('Enter');
  await preview.shown('lengths 64');
  await badge.waitFor({ state: 'detached' });
  // A pattern that asks for no content says nothing of a sample.
  await preview.show('sliding(8)', 64, { name: 'fixed' });
  await page.locator('.badge').waitFor({ state: 'detached' });
}, 60_000);
