import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { LanguageModelFiles } from '../../client/preview/messages.ts';
import { sampleInput } from '../../runtime/attention/sample-data.ts';
import { toBase64 } from '../../runtime/tensor/base64.ts';
import { fromFloat32 } from '../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../runtime/tensor/safetensors.ts';
import { madeUpWeights, modelFiles, slowBits, smallConfiguration } from '../runtime/language-model/slow-model.ts';
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

/** Sends a message whose bytes would be lost on the way: they go as base64. */
async function sendBytes(message: object, bytes: Readonly<Record<string, Uint8Array>>, into: string): Promise<void> {
  const encoded = Object.entries(bytes).map(([name, value]) => [name, toBase64(value)] as const);
  await preview.page.evaluate(
    ([rest, parts, field]) => {
      const decoded = parts.map(([name, text]) => [name, Uint8Array.from(atob(text), char => char.charCodeAt(0))]);
      const { [field]: fields, ...others } = rest as Record<string, object>;
      window.postMessage({ ...others, [field]: { ...fields, ...Object.fromEntries(decoded) } });
    },
    [message, encoded, into] as const,
  );
}

function sendModel(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const { 'config.json': configuration, 'model.safetensors': weights, 'heldout.txt': text } = files;
  const plain: Pick<LanguageModelFiles, 'name' | 'configuration'> = {
    name,
    configuration: new TextDecoder().decode(configuration),
  };
  return sendBytes({ type: 'languageModel', files: plain }, { weights: weights!, text: text! }, 'files');
}

const quality = () => preview.page.locator('section.quality');
const press = (name: string | RegExp) => quality().locator('vscode-button', { hasText: name }).click();

async function pick(name: string, value: string): Promise<void> {
  await quality()
    .locator(`.${name}`)
    .evaluate((element, to) => {
      (element as HTMLSelectElement).value = to;
      element.dispatchEvent(new Event('change', { bubbles: true }));
    }, value);
}

async function asked(type: string): Promise<void> {
  await expect.poll(async () => (await preview.sent()).some(message => message.type === type)).toBe(true);
}

describe('quality', () => {
  test('measures tensors that the user picks, by layer and head, and leads to the worst rows', async () => {
    const { page } = preview;
    await preview.show('sliding(16)', 64, { name: 'windowed' });
    await press('Pick');
    await asked('pickTensors');
    const layers = [0, 1].flatMap(layer => {
      const shape = { heads: 2, kvHeads: 2, queries: 96, keys: 96, headDim: 8 };
      const { q, k, v } = sampleInput(shape, layer + 1);
      const tensor = (data: Float32Array) => fromFloat32(data, [2, 96, 8]);
      return Object.entries({ q, k, v }).map(([name, data]) => [`layer${layer}.${name}`, tensor(data)] as const);
    });
    const bytes = writeSafetensors(Object.fromEntries(layers));
    const file = { uri: 'file:///qkv.safetensors', name: 'qkv.safetensors' };
    await sendBytes({ type: 'tensors', file }, { bytes }, 'file');
    const rows = quality().locator('.scrolled').first().locator('tbody tr');
    await expect.poll(() => rows.count(), { timeout: 60_000 }).toBe(4);
    // 16 * 96 - 120 of 96 * 96 pairs.
    expect(await rows.first().innerText()).toMatch(/^0, 0\s+15.4 %/);
    expect(await rows.first().locator('td').allInnerTexts()).toHaveLength(11);
    const texts = async () =>
      (await preview.sent()).flatMap(message => (message.type === 'copy' ? [message.text] : []));
    const copied = async (button: string): Promise<string> => {
      const { length } = await texts();
      await press(button);
      await expect.poll(async () => (await texts()).length).toBe(length + 1);
      return (await texts())[length]!;
    };
    const lines = (await copied('Copy CSV')).split('\n').map(line => line.split(','));
    expect(lines.map(([layer, head]) => `${layer},${head}`)).toEqual(['layer,head', '0,0', '0,1', '1,0', '1,1']);
    expect(Number(lines[1]![lines[0]!.indexOf('pairs')])).toBe(16 * 96 - 120);
    // What the table shows is what is copied, rounded.
    const cosine = await rows.first().locator('td').nth(9).innerText();
    expect(Number(lines[1]![lines[0]!.indexOf('cosine')]).toFixed(4)).toBe(cosine);
    expect(await copied('Copy Curves')).toMatch(/^layer,head,line,density,recall\n0,0,oracle,/);
    expect(JSON.parse(await copied('Copy JSON'))).toMatchObject({ tokens: 96, heads: { length: 4 } });
    await quality().locator('rect.square').nth(3).click();
    await quality().getByText('Layer 1, head 1', { exact: true }).waitFor();
    await quality().locator('figure.chart canvas').waitFor();
    // As the test and not as the page, which lets no strange script in.
    expect(await axeFindings(page)).toEqual([]);
    const worst = quality().locator('.worst button').first();
    const query = Number((await worst.innerText()).replace('query ', ''));
    await worst.click();
    await preview.shown('windowed 96');
    const kept = () => page.evaluate(() => JSON.parse(sessionStorage.getItem('state') ?? '{}') as object);
    await expect.poll(kept).toMatchObject({ cell: { row: query, column: query }, tokens: 96 });
    await preview.show('sliding(32)', 96, { name: 'windowed' });
    await quality().getByText('windowed, as it was when it was measured').waitFor();
  }, 120_000);

  test('puts the pattern into a language model', async () => {
    await preview.show('window(8)', 64, { name: 'both' });
    await pick('on', 'model');
    await press('Pick');
    await asked('pickLanguageModel');
    const files = modelFiles(smallConfiguration, 2);
    await sendModel('tiny', files);
    await quality().locator('.failure', { hasText: 'Query 0 attends to the later key 1' }).waitFor();
    await quality().locator('vscode-checkbox', { hasText: 'Causal' }).click();
    await quality().locator('vscode-checkbox', { hasText: 'By layer' }).click();
    await press('Measure');
    const headline = quality().locator('.headline');
    await headline.filter({ hasText: 'bits per byte' }).waitFor({ timeout: 60_000 });
    const weights = madeUpWeights(smallConfiguration, 1);
    const mean = (reach: number): number => {
      const bits = [0, 1].flatMap(at =>
        slowBits(
          smallConfiguration,
          weights,
          files['heldout.txt']!.subarray(65 * at, 65 * at + 65),
          (_l, _h, i, j) => j <= i && i - j <= reach,
        ),
      );
      return bits.reduce((sum, value) => sum + value, 0) / bits.length;
    };
    const shown = Number((await headline.innerText()).replace('−', '-').split(' ')[0]);
    expect(Math.abs(shown - (mean(4) - mean(64)))).toBeLessThan(2e-4);
    expect(await quality().locator('.by-layer tbody tr').count()).toBe(2);
    await preview.page.waitForTimeout(400);
    await preview.reload();
    await preview.shown('both 64');
    expect(await headline.innerText()).toContain('bits per byte');
  }, 120_000);

  test('stops when it is cancelled', async () => {
    await preview.show('sliding(16)', 64, { name: 'mine' });
    const read = (name: string) => readFileSync(path.join(import.meta.dirname, '../../examples/tiny-lm', name));
    const names = ['config.json', 'model.safetensors', 'heldout.txt'];
    await sendModel('tiny-lm', Object.fromEntries(names.map(name => [name, read(name)])));
    await press('Measure');
    await quality()
      .getByText(/^Predicting/)
      .waitFor({ timeout: 60_000 });
    await press('Cancel');
    await quality().locator('vscode-button', { hasText: 'Measure' }).waitFor();
    expect(await quality().locator('progress').count()).toBe(0);
  }, 120_000);
});
