import path from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import { createLanguage, NO_FILES } from '../../server/language.ts';
import { fingerprint } from './determinism/fingerprint.ts';

const cases = [
  ['window(64) | global([0, -1])', 5000],
  ['random(5, seed: 7)', 3000],
  ['blocked(48, window(3) | random(2, seed: 12345678901))', 5000],
  ['strided(32) & causal() | sliding(32)', 4096],
  ['exponential(base: 1.5) & causal()', 4096],
  ['where (i, j) => sqrt(i) - sqrt(j) < 7.25 && log2(1 + abs(i - j)) % 1 < 0.3', 1500],
  ['where (i, j) => (i - j) ** 0.5 < 20 || (i * j) % 11 == 3', 1200],
  ['neighborhood([40, 50], [9, 5], stride: 2)', 2000],
  ['transpose(random(4)) - documents(100)', 2500],
] as const;

/** Masks are the same wherever they are compiled, to the bit: the picture in the page and the export beside it agree. */
describe('Node and the browser', () => {
  test('compile the same plans', async () => {
    const language = createLanguage(NO_FILES);
    const patterns: Pattern[] = [];
    for (const [text] of cases) {
      const [rule] = (await language.lowerExpression(text)).rules;
      if (rule === undefined) throw new Error(`${text} has no rule`);
      patterns.push(rule.pattern);
    }
    const here = patterns.map((pattern, index) => fingerprint(pattern, cases[index]?.[1] ?? 0, 64));
    expect(new Set(here).size).toBe(cases.length);
    const { outputFiles } = await build({
      entryPoints: [path.join(import.meta.dirname, 'determinism/fingerprint.ts')],
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'browser',
    });
    const browser = await chromium.launch({ executablePath: inject('executable'), args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage();
      await page.addScriptTag({ content: outputFiles[0]?.text ?? '' });
      const there = await page.evaluate(
        ([masks, lengths]) =>
          masks.map((pattern, index) =>
            (globalThis as unknown as { fingerprint: typeof fingerprint }).fingerprint(
              pattern,
              lengths[index] ?? 0,
              64,
            ),
          ),
        [patterns, cases.map(([, tokens]) => tokens)] as const,
      );
      expect(there).toEqual(here);
    } finally {
      await browser.close();
    }
  });
});
