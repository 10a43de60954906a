import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { extensionFolder } from './extension-under-test.ts';
import { PreviewPage } from './preview-page.ts';

let preview: PreviewPage;

beforeAll(async () => {
  preview = await PreviewPage.open(inject('executable'), extensionFolder, { shownWebGpu: false });
});

afterAll(async () => {
  await preview?.close();
});

describe('the cell cursor', () => {
  test('goes where the keys say, and says where it is', async () => {
    await preview.show('sliding(4) | columns([0])', 24, { name: 'keys' });
    await preview.page.locator('canvas.marks').focus();
    await preview.press('Control+Home');
    await expect.poll(() => preview.readout()).toContain('i = 0, j = 0: attended by sliding(4) and columns([0])');
    await preview.press('ArrowDown', 'ArrowDown', 'ArrowRight');
    await expect.poll(() => preview.readout()).toContain('i = 2, j = 1: attended by sliding(4)');
    await preview.press('End');
    await expect.poll(() => preview.readout()).toContain('i = 2, j = 23: not attended');
    await preview.press('Control+End', 'ArrowDown', 'ArrowRight');
    await expect.poll(() => preview.readout()).toContain('i = 23, j = 23');
    await preview.press('Home', 'Shift+ArrowUp');
    await expect.poll(() => preview.readout()).toContain('i = 13, j = 0: attended by columns([0])');
    const spoken = preview.page.locator('[aria-live="polite"]').filter({ hasText: 'i = 13' });
    expect(await spoken.count()).toBe(1);
    await preview.press('Escape');
    await expect.poll(() => preview.readout()).toBe('');
  });

  test('goes to a cell that is typed', async () => {
    await preview.press('1', '2', ',', ' ', '3', 'Enter');
    await expect.poll(() => preview.readout()).toContain('i = 12, j = 3: not attended');
    await preview.press('g', '0', ',', '0', 'Enter');
    await expect.poll(() => preview.readout()).toContain('i = 0, j = 0');
    await preview.press('Escape');
  });

  test('stays where it is when what is typed is no cell, and says why', async () => {
    const field = preview.page.locator('#cell');
    const isInvalid = () => field.evaluate(element => (element as HTMLElement & { invalid: boolean }).invalid);
    const type = async (text: string): Promise<void> => {
      await preview.page.locator('canvas.marks').focus();
      await preview.press('g', ...text, 'Enter');
    };
    await type('7,5');
    await expect.poll(() => preview.readout()).toContain('i = 7, j = 5');
    for (const [text, said] of [
      ['here', 'Write a query and a key, e.g. 12, 3.'],
      ['3', 'Write a query and a key, e.g. 12, 3.'],
      ['3,4,5', 'Write a query and a key, e.g. 12, 3.'],
      ['24,0', 'There is no query 24: i goes from 0 to 23.'],
      ['3,1Mi', 'There is no key 1,048,576: j goes from 0 to 23.'],
    ] as const) {
      await type(text);
      await expect.poll(() => preview.readout()).toBe(said);
      await preview.page.getByRole('alert').filter({ hasText: said }).waitFor();
      expect(await isInvalid()).toBe(true);
    }
    await preview.press('Escape');
    await expect.poll(() => preview.readout()).toContain('i = 7, j = 5');
    expect(await isInvalid()).toBe(false);
    await preview.press('Escape');
  });

  test('stays in sight while keys zoom', async () => {
    const { page } = preview;
    await preview.show('sliding(4) | columns([0])', 5000, { name: 'far' });
    await page.locator('canvas.marks').focus();
    await preview.press('g', ...'4990,100', 'Enter');
    const inSight = (): Promise<boolean> =>
      page.evaluate(() => {
        const { camera } = JSON.parse(sessionStorage.getItem('state') ?? '{}');
        const { width, height } = document.querySelector<HTMLCanvasElement>('canvas.marks') ?? { width: 0, height: 0 };
        const within = (at: number, from: number, pixels: number) =>
          at >= from && at + 1 <= from + pixels * camera.scale;
        return camera?.scale < 0.1 && within(4990, camera.row, height) && within(100, camera.column, width);
      });
    for (let step = 0; step < 20; step++) await preview.press('+');
    await expect.poll(inSight).toBe(true);
    await preview.press('0', 'Escape');
    await preview.show('sliding(4) | columns([0])', 24, { name: 'keys' });
  });

  test('is not covered by the small picture of the whole', async () => {
    const { page } = preview;
    await preview.show('sliding(4)', 3000, { name: 'corner' });
    await page.locator('canvas.marks').focus();
    const picture = (await page.locator('.mask').boundingBox())!;
    const isAbove = async (): Promise<boolean> =>
      (await page.locator('canvas.minimap').boundingBox())!.y < picture.y + picture.height / 2;
    await preview.press('Control+Home', '+', '+', '+', '+', '+', '+', '+', '+');
    await expect.poll(isAbove).toBe(false);
    await preview.press('Control+End');
    await expect.poll(isAbove).toBe(true);
    await preview.press('Home');
    await expect.poll(isAbove).toBe(false);
    await preview.press('0', 'Escape');
    await preview.show('sliding(4) | columns([0])', 24, { name: 'keys' });
  });

  test('follows the pointer, and stays where it is clicked', async () => {
    const marks = preview.page.locator('canvas.marks');
    await preview.press('0');
    await preview.settled();
    const box = (await marks.boundingBox())!;
    await preview.page.mouse.move(box.x + box.width / 2 + 2, box.y + box.height / 2 + 2);
    await expect.poll(() => preview.readout()).toContain('i = 12, j = 12: attended by sliding(4)');
    await preview.page.mouse.down();
    await preview.page.mouse.up();
    await preview.page.mouse.move(0, 0);
    await expect.poll(() => preview.readout()).toContain('i = 12, j = 12');
  });
});
