import { expect, inject, test } from 'vitest';
import type { Model } from '../../runtime/pattern/ir.ts';
import { extensionFolder } from './extension-under-test.ts';
import { PreviewPage } from './preview-page.ts';

const EDITS = 1000;
/** Mebibytes by which what the page holds may differ: how much of its caches is filled, and when garbage is collected. */
const TOLERANCE = 4;

test(`memory over ${EDITS} edits`, { timeout: 600_000 }, async () => {
  const preview = await PreviewPage.open(inject('executable'), extensionFolder);
  try {
    const first = await preview.show('sliding(1) | strided(64)', 4096, { name: 'edited' });
    const marks = preview.page.locator('canvas.marks');
    const edit = async (size: number): Promise<void> => {
      const before = await marks.getAttribute('data-pictures');
      const text = JSON.stringify(first).replace('"value":1}', `"value":${size}}`);
      await preview.send({
        type: 'model',
        adjustables: [],
        version: size,
        name: 'edited',
        model: JSON.parse(text) as Model,
      });
      await preview.page.locator(`canvas.marks:not([data-pictures="${before}"])`).waitFor();
    };
    // At rest: while one edit follows the other nothing but the picture is computed, and a section that shows its numbers
    // for the first time takes memory, too.
    const mebibytes = async (): Promise<number> => {
      await preview.page.waitForTimeout(1500);
      // Sections say what they wait for; some have an empty place for what they may come to say.
      await preview.page.locator('section .muted[role="status"]:visible').first().waitFor({ state: 'hidden' });
      return (await preview.memory()) / 2 ** 20;
    };
    const held: number[] = [];
    for (let size = 1; size <= EDITS; size++) {
      await edit(size + 1);
      if (size % 250 === 100 || size === EDITS) held.push(await mebibytes());
    }
    console.info(
      `the page and its workers hold ${held.map(each => each.toFixed(1)).join(', ')} MiB after 100, 350, 600, 850 and ${EDITS} edits`,
    );
    expect(Math.abs((held.at(-1) ?? Number.NaN) - (held[0] ?? Number.NaN))).toBeLessThan(TOLERANCE);
  } finally {
    await preview.close();
  }
});
