import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sampleInput } from '../../runtime/attention/sample-data.ts';
import { fromFloat32 } from '../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../runtime/tensor/safetensors.ts';
import { elementsOf } from '../runtime/draw/xml.ts';
import { modelFiles, smallConfiguration } from '../runtime/language-model/slow-model.ts';
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

const suggest = () => preview.page.locator('section.suggest');
const button = (name: string) => suggest().locator('vscode-button', { hasText: name });
const headline = () => suggest().locator('.headline');

async function pick(name: string, value: string): Promise<void> {
  await suggest()
    .locator(`.${name}`)
    .evaluate((element, to) => {
      (element as HTMLSelectElement).value = to;
      element.dispatchEvent(new Event('change', { bubbles: true }));
    }, value);
}

async function limit(text: string): Promise<void> {
  const field = suggest().locator('#suggest-limit input');
  await field.fill(text);
  await field.press('Tab');
}

/** The last message that the page sent of this kind. */
async function lastSent(type: string): Promise<object | undefined> {
  return (await preview.sent()).filter(message => message.type === type).at(-1);
}

const shape = { heads: 2, kvHeads: 2, queries: 96, keys: 96, headDim: 8 };
const { q, k, v } = sampleInput(shape, 1);
const tensor = (data: Float32Array) => fromFloat32(data, [2, 96, 8]);
const tensors = writeSafetensors({ q: tensor(q), k: tensor(k), v: tensor(v) });
const file = { uri: 'file:///qkv.safetensors', name: 'qkv.safetensors' };

describe('suggest', () => {
  test('asks for tensors, searches, and shows what it found and why', async () => {
    const { page } = preview;
    await preview.show('sliding(16)', 64, { name: 'mine' });
    await limit('12 %');
    await limit('none');
    expect(await suggest().locator('#suggest-limit input').inputValue()).toBe('12');
    const byContent = suggest().locator('vscode-checkbox', { hasText: 'By content' });
    if (await byContent.evaluate(element => (element as HTMLInputElement).checked)) await byContent.click();
    await button('Start').click();
    await expect.poll(() => lastSent('pickTensors')).toBeDefined();
    await preview.sendTensors(file, tensors);
    await headline()
      .filter({ hasText: /^[\d.]+ % of causal attention kept$/ })
      .waitFor({ timeout: 60_000 });
    // Quality had asked for nothing.
    expect(await page.locator('section.quality .headline').count()).toBe(0);
    await suggest()
      .locator('[role=status]')
      .filter({ hasText: /^\s*Suggested: .* keeps [\d.]+ %\.\s*$/ })
      .waitFor({ state: 'attached', timeout: 60_000 });
    const text = await suggest().locator('pre.text').innerText();
    expect(text).toMatch(/^(pattern suggested = |model Suggested \{)/);
    expect(text).not.toContain('topk');
    const numbers = (await suggest().locator('dl.numbers').innerText()).replace(/\s+/g, ' ');
    expect(numbers).toMatch(/Oracle [\d.]+ % any mask/);
    expect(numbers).toMatch(/Density [\d.]+ % of 12 % allowed/);
    expect(await suggest().locator('.reasons li').first().innerText()).toMatch(/^It keeps [\d.]+ % of causal/);
    await suggest().locator('figure.chart canvas').waitFor();
    await suggest().locator('.lines li', { hasText: 'oracle' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
  }, 120_000);

  test('hands the text on, and the chart as a file', async () => {
    const shown = await suggest().locator('pre.text').innerText();
    for (const [name, type] of [
      ['Insert into the File', 'insert'],
      ['Copy', 'copy'],
      ['Open as New File', 'openText'],
    ] as const) {
      await button(name).click();
      await expect.poll(() => lastSent(type)).toMatchObject({ text: expect.stringContaining(shown) });
    }
    expect(await lastSent('insert')).toMatchObject({ text: expect.stringMatching(/^\/\*\*\n \* Suggested for qkv/) });
    await button('Save Chart').click();
    await expect.poll(() => lastSent('save')).toMatchObject({ name: 'frontier', format: 'svg' });
    const svg = await preview.page.evaluate(() => {
      const sent = (window as unknown as { sent: { type: string; bytes: Uint8Array }[] }).sent;
      return new TextDecoder().decode(sent.filter(({ type }) => type === 'save').at(-1)?.bytes);
    });
    expect(elementsOf(svg)[0]?.name).toBe('svg');
  });

  test('is there again after a reload, with what was chosen', async () => {
    const before = await suggest().locator('pre.text').innerText();
    await preview.page.waitForTimeout(400);
    await preview.reload();
    await preview.shown('mine 64');
    expect(await suggest().locator('pre.text').innerText()).toBe(before);
    expect(await suggest().locator('#suggest-limit input').inputValue()).toBe('12');
    // Nothing tells as new what was there before.
    expect(await suggest().locator('[role=status]').innerText()).toBe('');
    expect(await suggest().locator('progress').count()).toBe(0);
  });

  test('a dialog that was closed is not answered by what another section picks', async () => {
    const { page } = preview;
    await button('Start').click();
    await expect.poll(() => lastSent('pickTensors')).toBeDefined();
    const quality = page.locator('section.quality');
    await quality.locator('vscode-button', { hasText: 'Pick' }).click();
    await preview.sendTensors(file, tensors);
    await quality.locator('.headline').waitFor({ timeout: 60_000 });
    expect(await suggest().locator('progress').count()).toBe(0);
  }, 90_000);

  test('nor by what is read for a run, once it was closed', async () => {
    await preview.reload();
    await button('Start').click();
    await expect.poll(() => lastSent('pickTensors')).toBeDefined();
    await preview.send({ type: 'pickEnded' });
    await preview.sendTensors(file, tensors);
    await suggest().locator('vscode-button', { hasText: 'qkv.safetensors...' }).waitFor();
    expect(await suggest().locator('progress').count()).toBe(0);
  });

  test('keeps to a time', async () => {
    await pick('unit', 'ms');
    await limit('5000');
    await button('Start').click();
    await suggest().locator('dl.numbers', { hasText: 'in all layers, here' }).waitFor({ timeout: 60_000 });
    await limit('0.000001');
    await button('Start').click();
    await suggest().locator('.failure', { hasText: 'Nothing was found that takes at most 0.000001 ms' }).waitFor();
    await pick('unit', 'density');
  }, 120_000);

  test('says what a language model predicts with it, and can be cancelled', async () => {
    const { page } = preview;
    const send = async (name: string, files: Readonly<Record<string, Uint8Array>>) => {
      const { 'config.json': configuration, 'model.safetensors': weights, 'heldout.txt': text } = files;
      await page.evaluate(
        ([named, json, numbers, letters]) =>
          window.postMessage({
            type: 'languageModel',
            files: {
              ...{ name: named, configuration: json },
              weights: Uint8Array.from(atob(numbers), char => char.charCodeAt(0)),
              text: Uint8Array.from(atob(letters), char => char.charCodeAt(0)),
            },
          }),
        [
          ...[name, new TextDecoder().decode(configuration)],
          ...[Buffer.from(weights!).toString('base64'), Buffer.from(text!).toString('base64')],
        ] as [string, string, string, string],
      );
    };
    await pick('on', 'model');
    await limit('20');
    await button('Start').click();
    await expect.poll(() => lastSent('pickLanguageModel')).toBeDefined();
    await send('tiny', modelFiles(smallConfiguration, 4));
    const numbers = suggest().locator('dl.numbers');
    await numbers.filter({ hasText: 'Bits per byte' }).waitFor({ timeout: 60_000 });
    expect((await numbers.innerText()).replace(/\s+/g, ' ')).toMatch(
      /Bits per byte [\d.]+ full [\d.]+, [+−][\d.]+ Predicted 2 sequences of 64 bytes that were not searched/,
    );
    await send('other', { ...modelFiles(smallConfiguration, 4), 'config.json': Buffer.from('{"model_type":"gpt2"}') });
    await button('Start').click();
    await suggest().locator('.failure', { hasText: 'gpt2' }).waitFor();
    const read = (name: string) => readFileSync(path.join(import.meta.dirname, '../../examples/tiny-lm', name));
    const names = ['config.json', 'model.safetensors', 'heldout.txt'];
    await send('tiny-lm', Object.fromEntries(names.map(name => [name, read(name)])));
    await suggest().locator('vscode-button', { hasText: 'tiny-lm...' }).waitFor();
    await button('Start').click();
    await suggest()
      .getByText(/^(Reading the text|Searching)/)
      .waitFor({ timeout: 60_000 });
    await button('Cancel').click();
    await button('Start').waitFor();
    expect(await suggest().locator('progress').count()).toBe(0);
  }, 120_000);

  test('a command leads to it, also where it is folded', async () => {
    const { page } = preview;
    const heading = suggest().locator('h2 button');
    if ((await heading.getAttribute('aria-expanded')) === 'true') await heading.click();
    await button('Start').waitFor({ state: 'detached' });
    await page.evaluate(() => window.scrollTo(0, 0));
    await preview.send({ type: 'section', id: 'suggest' });
    await button('Start').waitFor();
    await expect.poll(() => heading.evaluate(element => element === document.activeElement)).toBe(true);
    const isInSight = async (): Promise<boolean> => {
      const { y = -1 } = (await heading.boundingBox()) ?? {};
      return y >= 0 && y < 700;
    };
    await expect.poll(isInSight).toBe(true);
    // What stands beside the picture scrolls, and not the page with its toolbar.
    expect(await page.evaluate(() => document.documentElement.scrollHeight - window.innerHeight)).toBe(0);
    expect((await page.locator('.toolbar').boundingBox())?.y).toBeGreaterThanOrEqual(0);
  });
});
