import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { DARK, partColour } from '../../runtime/draw/palette.ts';
import { extensionFolder } from './extension-under-test.ts';
import { PreviewPage } from './preview-page.ts';

const N = 2 ** 22;
const TEXT = 'sliding(512) | columns([0..4]) & causal() | strided(128) & causal()';

/** By the definition of the mask above, which of its parts light a cell. */
function litBy(i: number, j: number): number[] {
  if (j > i) return [];
  return [i - j < 512, j < 4, (i - j) % 128 === 0].flatMap((lit, part) => (lit ? [part] : []));
}

/** Of the theme of the page. */
const BACKGROUND = [0x1f, 0x1f, 0x1f] as const;

interface Camera {
  readonly row: number;
  readonly column: number;
  readonly scale: number;
}

let preview: PreviewPage;

beforeAll(async () => {
  preview = await PreviewPage.open(inject('executable'), extensionFolder, { shownWebGpu: false });
  await preview.show(TEXT, N);
});

afterAll(async () => {
  await preview?.close();
});

/** What the page keeps of where it looks; null: at the whole mask. */
async function camera(): Promise<Camera | null> {
  // It is written now and then.
  await preview.page.waitForTimeout(300);
  return await preview.page.evaluate(() => JSON.parse(sessionStorage.getItem('state') ?? '{}').camera ?? null);
}

/** Colours of some pixels of the picture. */
async function colours(places: readonly (readonly [number, number])[]): Promise<number[][]> {
  return await preview.page.locator('.cells canvas').evaluate((element, all) => {
    const context = (element as HTMLCanvasElement).getContext('2d');
    return all.map(([x, y]) => Array.from(context?.getImageData(x, y, 1, 1).data ?? []).slice(0, 3));
  }, places);
}

async function size(): Promise<{ width: number; height: number }> {
  return await preview.page.locator('.cells canvas').evaluate(element => ({
    width: (element as HTMLCanvasElement).width,
    height: (element as HTMLCanvasElement).height,
  }));
}

/** Cells of row i in [from, to) that the parts of the mask light: each part, and all together. */
function countRow(i: number, from: number, to: number): { parts: number[]; lit: number } {
  const between = (first: number, end: number): number => Math.max(0, Math.min(to, end) - Math.max(from, first));
  // Multiples of 128 behind i.
  const strides = (first: number, end: number): number => {
    const [low, high] = [Math.max(from, first), Math.min(to, end, i + 1)];
    return low >= high ? 0 : Math.floor((i - low) / 128) - Math.ceil((i - high + 1) / 128) + 1;
  };
  const window = Math.max(0, i - 511);
  const columns = Math.min(4, i + 1);
  const parts = [between(window, i + 1), between(0, columns), strides(0, i + 1)];
  // Strides are counted where nothing else is.
  const gap = columns < window ? strides(columns, window) : 0;
  return { parts, lit: (columns < window ? parts[0]! + parts[1]! : between(0, i + 1)) + gap };
}

/** The colour of a pixel that covers these cells, as densities are shown: each part of a cell counts. */
function mixture(row: number, rowEnd: number, column: number, columnEnd: number): number[] {
  const cells = [0, 0, 0];
  let lit = 0;
  for (let i = row; i < rowEnd; i++) {
    const inRow = countRow(i, column, columnEnd);
    lit += inRow.lit;
    for (const part of [0, 1, 2]) cells[part]! += inRow.parts[part]!;
  }
  if (lit === 0) return [...BACKGROUND];
  const density = lit / ((rowEnd - row) * (columnEnd - column));
  const all = cells.reduce((sum, each) => sum + each, 0);
  const strength = 0.3 + 0.7 * Math.sqrt(density);
  return BACKGROUND.map((channel, index) => {
    const colour = cells.reduce((sum, each, part) => sum + (each / all) * partColour(DARK, part)[index]!, 0);
    return Math.round(channel + (colour - channel) * strength);
  });
}

describe('a mask of 4Mi tokens', () => {
  test('is shown exactly as a whole', async () => {
    // The count of a row is that of its cells.
    for (const i of [0, 3, 4, 130, 514, 515, 516, 700, 1027]) {
      const row = Array.from({ length: 900 }, (_, j) => litBy(i, j + 2));
      const { parts, lit } = countRow(i, 2, 902);
      expect(lit).toBe(row.filter(each => each.length > 0).length);
      expect(parts).toEqual([0, 1, 2].map(part => row.filter(each => each.includes(part)).length));
    }
    expect(await preview.readout()).not.toContain('≈');
    const { width, height } = await size();
    // The whole is centred, at a number of cells for each pixel that is quick to draw.
    const edge = await preview.page.locator('.cells canvas').evaluate(element => {
      const { width, height } = element as HTMLCanvasElement;
      const data = (element as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data;
      const isClear = (x: number, y: number): boolean => data?.[4 * (y * width + x) + 3] === 0;
      let left = 0;
      while (isClear(left, height >> 1)) left++;
      let right = width - 1;
      while (isClear(right, height >> 1)) right--;
      let top = 0;
      while (isClear(width >> 1, top)) top++;
      return { left, top, side: right - left + 1 };
    });
    // Scales have seven binary digits.
    const least = N / edge.side;
    const step = 2 ** (Math.floor(Math.log2(least)) - 6);
    const scale = Math.ceil(least / step) * step;
    expect(Math.ceil(N / scale)).toBe(edge.side);
    expect(edge.side).toBeGreaterThan(Math.min(width, height) / 2);
    const last = edge.side - 1;
    const places = [
      [0, 0],
      [1, 0],
      [0, Math.floor(last / 3)],
      [Math.floor(last / 3), Math.floor(last / 3)],
      [Math.floor(last / 4), Math.floor(last / 2)],
      [last, last],
      [last, 0],
      [0, last],
    ] as const;
    const found = await colours(places.map(([x, y]) => [edge.left + x, edge.top + y] as const));
    for (const [at, [x, y]] of places.entries()) {
      const from = (pixel: number): number => Math.floor(pixel * scale);
      const to = (pixel: number): number => Math.min(N, Math.floor((pixel + 1) * scale));
      const wanted = mixture(from(y), to(y), from(x), to(x));
      for (const channel of [0, 1, 2])
        expect(Math.abs(found[at]![channel]! - wanted[channel]!), `pixel ${x}, ${y}`).toBeLessThanOrEqual(1);
    }
  });

  test('has the right cells at its far end, each where it belongs', async () => {
    const { page } = preview;
    await page.locator('canvas.marks').focus();
    await preview.press('0');
    for (const [i, j] of [
      [N - 1, N - 1],
      [N - 2, 3],
      [4_000_003, 4_000_003 - 128 * 20_001],
    ] as const) {
      await page.locator('canvas.marks').focus();
      for (const key of `${i},${j}`) await preview.press(key);
      await preview.press('Enter');
      for (let zoom = 0; zoom < 60; zoom++) await preview.press('+');
      for (const key of `${i},${j}`) await preview.press(key);
      await preview.press('Enter');
      await preview.settled();
      const at = await camera();
      if (at === null) throw new Error('The page looks at the whole mask');
      const side = 1 / at.scale;
      expect(side).toBe(96);
      const { width, height } = await size();
      const corner = { x: Math.round(at.column / at.scale), y: Math.round(at.row / at.scale) };
      const cells: { i: number; j: number; x: number; y: number }[] = [];
      for (let row = Math.max(0, Math.ceil(at.row)); row < N && (row + 1) * side - corner.y < height; row++)
        for (
          let column = Math.max(0, Math.ceil(at.column));
          column < N && (column + 1) * side - corner.x < width;
          column++
        )
          cells.push({
            i: row,
            j: column,
            x: column * side - corner.x + side / 2,
            y: row * side - corner.y + side / 2,
          });
      expect(cells.length).toBeGreaterThan(15);
      expect(cells.some(cell => cell.i === i && cell.j === j)).toBe(true);
      const found = await colours(cells.map(({ x, y }) => [x, y] as const));
      for (const [index, cell] of cells.entries()) {
        const parts = litBy(cell.i, cell.j);
        // A cell of several parts has stripes of their colours.
        const possible = parts.length === 0 ? [[...BACKGROUND]] : parts.map(part => [...partColour(DARK, part)]);
        expect(possible, `(${cell.i}, ${cell.j})`).toContainEqual(found[index]);
      }
      const names = ['sliding(512)', 'columns', 'strided(128)'];
      const lit = litBy(i, j).map(part => names[part]);
      const number = (value: number): string => value.toLocaleString('en-US');
      await expect
        .poll(() => preview.readout())
        .toContain(`i = ${number(i)}, j = ${number(j)}: attended by ${lit[0]?.split('(')[0] ?? ''}`);
      // One cell further is one cell further.
      await preview.press('ArrowLeft');
      await expect.poll(() => preview.readout()).toContain(`i = ${number(i)}, j = ${number(j - 1)}:`);
    }
  });

  test('has shortest ways and receptive fields, too', async () => {
    const { page } = preview;
    await page.locator('canvas.marks').focus();
    await preview.press('0');
    for (const key of `${N - 1},5`) await preview.press(key);
    await preview.press('Enter');
    // Not at once: 4,194,298 is no multiple of 128. A step of strides and one in the window.
    await expect.poll(() => preview.readout(), { timeout: 30_000 }).toBe(`i = 4,194,303, j = 5: not attended, 2 hops`);
    await page.locator('section.field', { hasText: 'of 4,194,304 keys' }).waitFor();
  });
});
