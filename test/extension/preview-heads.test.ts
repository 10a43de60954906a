import { describe, expect, test } from 'vitest';
import { DARK, HIGH_CONTRAST_DARK, HIGH_CONTRAST_LIGHT, LIGHT, type Palette } from '../../runtime/draw/palette.ts';
import { PreviewInWorkbench } from './preview-in-workbench.ts';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
    'heads.sparse': `model Two {
  tokens = 32  layers = 2  heads = 4
  attention = sliding(4)
  attention layers [1], heads [2, 3] = sliding(4) | columns([0])
}
`,
  },
});

const preview = new PreviewInWorkbench(workbench, 'heads.sparse');

/** Pixels of each of the two parts, once it is so that there are some of the first, and of the second if `both`. */
async function pixels(palette: Palette, both: boolean): Promise<readonly number[]> {
  let counts: readonly number[] = [];
  await workbench().until(
    `the picture in its colours${both ? ', both of them' : ''}`,
    async () => {
      counts = await preview.colourCounts(palette.parts.slice(0, 2));
      const [sliding = 0, column = 0] = counts;
      return sliding > 0 && column > 0 === both;
    },
    () => counts.join(),
  );
  return counts;
}

/**
 * Cells of 118 and 28 that no other part lights, and half of the 4 that both do. In a small window a cell is a few pixels
 * wide, some of them one more than others, so that the cells of a column may be a third smaller or larger than the mean.
 */
async function expectShares(palette: Palette): Promise<void> {
  const [sliding = 0, column = 0] = await pixels(palette, true);
  const ratio = sliding / column / (120 / 30);
  expect(ratio, `${sliding} and ${column} pixels`).toBeGreaterThan(0.6);
  expect(ratio, `${sliding} and ${column} pixels`).toBeLessThan(1.6);
}

describe('the preview of a model', () => {
  test('draws the layer and head that is picked from the grid', async () => {
    await workbench().probe.ask('configure', { key: 'workbench.colorTheme', value: 'Default Dark Modern' });
    await workbench().openFile('heads.sparse');
    await workbench().runCommand('Sparse: Open Preview');
    await preview.shown('Two 32');
    const frame = await preview.frame();
    await frame.getByRole('button', { name: 'layer 0, heads 0..4' }).click();
    // sliding(4): 32 * 4 - 6 pairs; column 0 adds 28 rows of one key.
    await preview.untilNumbers('Pairs 122');
    await pixels(DARK, false);
    const labels = await frame.locator('.head-grid button').evaluateAll(all => all.map(one => one.ariaLabel));
    expect(labels).toEqual(['layer 0, heads 0..4', 'layer 1, heads 0..2', 'layer 1, heads 2..4']);
    await frame.getByRole('button', { name: 'layer 1, heads 2..4' }).click();
    await preview.untilNumbers('Pairs 150');
    await expectShares(DARK);
  });

  test.each([
    ['Default Light Modern', LIGHT],
    ['Default High Contrast', HIGH_CONTRAST_DARK],
    ['Default High Contrast Light', HIGH_CONTRAST_LIGHT],
    ['Default Dark Modern', DARK],
  ] as const)('takes the colours of %s', async (theme, palette) => {
    await workbench().probe.ask('configure', { key: 'workbench.colorTheme', value: theme });
    await expectShares(palette);
  });
});
