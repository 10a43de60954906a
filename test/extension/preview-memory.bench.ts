import { expect, inject, test } from 'vitest';
import { extensionFolder } from './extension-under-test.ts';
import { PreviewPage } from './preview-page.ts';

const MEASURED_AFTER = [100, 350, 600, 850, 1000];
/** Now and then somebody who types looks at the result, and the sections are computed. */
const EDITS_UNTIL_REST = 25;
/** Mebibytes by which what the page holds may differ: how much of its caches is filled, and when garbage is collected. */
const TOLERANCE = 2;

test(`memory over ${MEASURED_AFTER.at(-1)} edits`, { timeout: 900_000 }, async () => {
  const preview = await PreviewPage.open(inject('executable'), extensionFolder);
  try {
    const first = await preview.show('sliding(1) | strided(64)', 4096, { name: 'edited' });
    // At rest: while one edit follows the other nothing but the picture is computed, and a section that shows its numbers
    // for the first time takes memory, too.
    const rest = async (): Promise<void> => {
      await preview.page.waitForTimeout(1500);
      // Sections say what they wait for; some have an empty place for what they may come to say.
      await preview.page.locator('section .muted[role="status"]:visible').first().waitFor({ state: 'hidden' });
    };
    const held: number[] = [];
    let done = 0;
    for (const edits of MEASURED_AFTER) {
      while (done < edits) {
        const until = Math.min(edits, done + EDITS_UNTIL_REST);
        await edit(preview, JSON.stringify(first), done, until);
        await rest();
        done = until;
      }
      held.push((await preview.memory()) / 2 ** 20);
    }
    console.info(
      `the page and its workers hold ${held.map(each => each.toFixed(1)).join(', ')} MiB after ${MEASURED_AFTER.join(', ')} edits`,
    );
    expect(Math.max(...held) - (held[0] ?? Number.NaN)).toBeLessThan(TOLERANCE);
  } finally {
    await preview.close();
  }
});

/**
 * Sends edits that give the pattern's first window the sizes above `from` up to `to`, each when the one before it is drawn.
 * The page does it itself: the browser keeps something of every call from outside, about 10 KiB for one edit, which is not
 * the page's.
 */
async function edit(preview: PreviewPage, model: string, from: number, to: number): Promise<void> {
  await preview.page.evaluate(
    async ([text, before, last]) => {
      const marks = document.querySelector('canvas.marks');
      if (marks === null) throw new Error('The page has no picture');
      const drawn = (): Promise<void> =>
        new Promise(resolve => {
          const observer = new MutationObserver(() => {
            observer.disconnect();
            resolve();
          });
          observer.observe(marks, { attributes: true, attributeFilter: ['data-pictures'] });
        });
      for (let version = before + 1; version <= last; version++) {
        const edited = JSON.parse(text.replace('"value":1}', `"value":${version + 1}}`));
        const picture = drawn();
        window.postMessage({ type: 'model', adjustables: [], version, name: 'edited', model: edited });
        await picture;
      }
    },
    [model, from, to] as const,
  );
}
