import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { adjustablesOf } from '../../server/adjustable.ts';
import { lowerNamed } from '../../server/language.ts';
import { declarationNamed } from '../../server/lower.ts';
import type { Adjustments } from '../../server/protocol.ts';
import { parsed } from '../server/open-file.ts';
import { extensionFolder } from './extension-under-test.ts';
import { PreviewPage, type Theme } from './preview-page.ts';

/** The main states of the preview in three kinds of themes, wide and narrow: to be looked at. */
const FOLDER = 'test-results/screenshots';

/** Those of them that the README shows, dark and wide. */
const IN_README = ['difference', 'heads'];

const SIZES = { wide: { width: 1240, height: 900 }, narrow: { width: 300, height: 900 } } as const;
const LOOKS: readonly Theme[] = ['light', 'dark', 'high contrast'];

const text = `
pattern mine(size = 24, first = 4, every = 16) =
  sliding(size) | (columns([0..first]) | strided(every)) & causal()

pattern wider(size = 40) = sliding(size)

model Two {
  tokens = 192  layers = 6  heads = 8  dim = 512
  attention = mine(32)
  attention layers 1..6 step 2 = sliding(12)
  attention heads [0, 1] = mine(16, every: 24)
}
`;

let preview: PreviewPage;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  preview = await PreviewPage.open(inject('executable'), extensionFolder);
});

afterAll(async () => {
  await preview?.close();
});

async function show(name: string, tokens: number, adjustments: Adjustments = {}): Promise<void> {
  const file = await parsed(text);
  const adjustables = adjustablesOf(declarationNamed(file, name));
  await preview.showModel(lowerNamed(file, name, undefined, adjustments), tokens, 'canvas', adjustables);
}

async function compare(as: 'Difference' | 'Side by side'): Promise<void> {
  const model = lowerNamed(await parsed(text), 'wider');
  await preview.send({ type: 'other', uri: 'file:///mine.sparse', name: 'wider', model, problem: null });
  const section = preview.page.locator('section.comparison');
  await section.getByRole('button', { name: as, exact: true }).click();
  await section.locator('.counts').first().waitFor();
}

async function goTo(cell: string): Promise<void> {
  await preview.page.locator('canvas.marks').first().focus();
  for (const key of cell) await preview.page.keyboard.press(key);
  await preview.page.keyboard.press('Enter');
}

async function stack(layers: number): Promise<void> {
  await preview.page.locator('section.field input').evaluate((element, value) => {
    (element as HTMLInputElement).value = String(value);
    element.dispatchEvent(new Event('input', { bubbles: true }));
  }, layers);
}

/** A pattern for one layer of what the sample language model sees. */
async function suggest(): Promise<void> {
  const { page } = preview;
  const bytes = readFileSync('examples/tiny-lm/captured-qkv.safetensors');
  await preview.sendTensors({ uri: 'file:///captured-qkv.safetensors', name: 'captured-qkv.safetensors' }, bytes);
  await page.locator('.suggest vscode-button', { hasText: 'Start' }).click();
  await page.locator('.suggest .headline').waitFor({ timeout: 200_000 });
  await preview.send({ type: 'section', id: 'suggest' });
}

async function runOnCpu(): Promise<void> {
  const { page } = preview;
  await page.locator('.run .backend').evaluate(element => {
    (element as HTMLSelectElement).value = 'cpu';
    element.dispatchEvent(new Event('change', { bubbles: true }));
  });
  const rows = page.locator('.run tbody tr');
  for (let run = 1; run <= 2; run++) {
    await page.locator('.run vscode-button', { hasText: /^\s*Run\s*$/ }).click();
    await rows.nth(run - 1).waitFor({ timeout: 120_000 });
  }
}

const STATES: Readonly<Record<string, () => Promise<void>>> = {
  mask: () => show('mine', 192),
  parameters: async () => {
    await show('mine', 192);
    const field = preview.page.locator('section.parameters').getByRole('textbox', { name: 'size, keys' });
    await field.fill('48');
    await field.press('Enter');
    const file = await parsed(text);
    const model = lowerNamed(file, 'mine', undefined, { size: 48 });
    await preview.send({
      type: 'model',
      version: 2,
      name: 'mine',
      model,
      adjustables: adjustablesOf(declarationNamed(file, 'mine')),
    });
    await preview.page.locator('.legend', { hasText: 'sliding(48)' }).waitFor();
  },
  difference: async () => {
    await show('mine', 192);
    await compare('Difference');
  },
  'side by side': async () => {
    await show('mine', 192);
    await compare('Side by side');
    await goTo('150,120');
  },
  heads: async () => {
    await show('Two', 192);
    await preview.page.locator('.head-grid').waitFor();
    await goTo('150,120');
    await preview.page.locator('section.field input').waitFor();
    await stack(3);
  },
  run: async () => {
    await show('mine', 1024);
    await runOnCpu();
  },
  suggest: async () => {
    await show('mine', 192);
    await suggest();
  },
};

test.each(Object.entries(STATES))('%s', { timeout: 300_000 }, async (state, arrange) => {
  const { page } = preview;
  await page.setViewportSize(SIZES.wide);
  await page.evaluate(() => sessionStorage.clear());
  await preview.reload();
  await arrange();
  for (const theme of LOOKS)
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await preview.theme(theme);
      await preview.settled();
      await page.waitForTimeout(500);
      const path = `${FOLDER}/${`${state} ${theme} ${size}`.replaceAll(' ', '-')}.png`;
      await page.screenshot({ path, fullPage: size === 'narrow' });
      if (IN_README.includes(state) && theme === 'dark' && size === 'wide')
        copyFileSync(path, `media/preview-${state}.png`);
      // Nothing may reach beyond the edge.
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
    }
});
