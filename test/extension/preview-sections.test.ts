import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
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

  test('follow a primitive that is hidden', async () => {
    const { page } = preview;
    await preview.show('sliding(16) | columns([0])', 64, { name: 'toggled' });
    await page.getByRole('button', { name: 'Show columns([0])' }).click();
    await page.locator('section.design', { hasText: 'Sliding window' }).waitFor();
  });
});
