import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { DARK } from '../../runtime/draw/palette.ts';
import { createLanguage, NO_FILES } from '../../server/language.ts';
import { axeFindings } from './axe.ts';
import { extensionFolder } from './extension-under-test.ts';
import { type PictureContents, PreviewPage, THEMES, type Theme } from './preview-page.ts';

let preview: PreviewPage;

beforeAll(async () => {
  preview = await PreviewPage.open(inject('executable'), extensionFolder);
});

afterAll(async () => {
  await preview?.close();
});

async function untilRenderer(kind: string): Promise<void> {
  await preview.page.locator(`.cells[data-renderer="${kind}"]`).waitFor();
}

describe('the picture', () => {
  test('is the same, pixel for pixel, on WebGPU and on the processor', async () => {
    const { page } = preview;
    const cases = [
      [37, 'sliding(9) | columns([0..4]) | (strided(8) | random(2)) & causal()'],
      [1000, 'sliding(90) | columns([0..4]) | random(2)'],
      [9000, 'sliding(900) | columns([0..4]) | strided(64) & causal()'],
    ] as const;
    for (const [tokens, text] of cases) {
      const pictures: Record<string, PictureContents[]> = {};
      for (const renderer of ['canvas', 'webgpu'] as const) {
        await preview.show(text, tokens, { renderer, name: `on_${renderer}` });
        await untilRenderer(renderer);
        const all = [await preview.settled()];
        await page.locator('canvas.marks').focus();
        // Zoomed, moved, and far beyond the edge.
        for (const keys of [['+', '+'], ['PageDown', 'End'], ['+', '+', '+', '+', '+'], ['Control+Home']]) {
          await preview.press(...keys);
          all.push(await preview.settled());
        }
        await preview.press('Escape', '0');
        pictures[renderer] = all;
      }
      expect(pictures.webgpu).toEqual(pictures.canvas);
      for (const { colours } of pictures.canvas ?? []) expect(Object.keys(colours).length).toBeGreaterThan(2);
    }
  }, 120_000);

  test('is there again after the graphics device was lost', async () => {
    const { page } = preview;
    await page.addInitScript(() => {
      const gpu = navigator.gpu;
      const { requestAdapter } = Object.getPrototypeOf(gpu) as GPU;
      const devices: GPUDevice[] = [];
      Object.assign(window, { devices });
      gpu.requestAdapter = async options => {
        const adapter = await requestAdapter.call(gpu, options);
        if (adapter === null) return null;
        const request = adapter.requestDevice.bind(adapter);
        adapter.requestDevice = async descriptor => {
          const device = await request(descriptor);
          devices.push(device);
          return device;
        };
        return adapter;
      };
    });
    await preview.reload();
    await preview.show('sliding(4) | columns([0])', 24, { renderer: 'webgpu' });
    await untilRenderer('webgpu');
    const before = await preview.settled();
    const count = await page.evaluate(() => {
      const { devices } = window as unknown as { devices: GPUDevice[] };
      devices.at(-1)?.destroy();
      return devices.length;
    });
    // At once by the processor, and soon by a new device; the same picture each time.
    await untilRenderer('canvas');
    expect(await preview.settled()).toEqual(before);
    await page.waitForFunction(n => (window as unknown as { devices: unknown[] }).devices.length > n, count);
    await untilRenderer('webgpu');
    expect(await preview.settled()).toEqual(before);
  }, 60_000);

  test('is put together within a frame while it is moved at 1Mi tokens', async () => {
    const { page } = preview;
    await preview.show('sliding(4096) | columns([0..4]) | strided(128) & causal()', 2 ** 20);
    const marks = page.locator('canvas.marks');
    await marks.focus();
    for (let step = 0; step < 12; step++) await preview.press('+');
    await preview.settled();
    // Times of everything that the page does in its frames, in milliseconds.
    await page.evaluate(() => {
      const times: number[] = [];
      const request = window.requestAnimationFrame.bind(window);
      window.requestAnimationFrame = callback =>
        request(time => {
          const start = performance.now();
          callback(time);
          times.push(performance.now() - start);
        });
      Object.assign(window, { times });
    });
    const box = (await marks.boundingBox())!;
    await page.mouse.move(box.x + 500, box.y + 400);
    await page.mouse.down();
    for (let step = 0; step < 60; step++) await page.mouse.move(box.x + 500 - 6 * step, box.y + 400 - 5 * step);
    await page.mouse.up();
    const times = await page.evaluate(() => (window as unknown as { times: number[] }).times);
    expect(times.length).toBeGreaterThan(30);
    times.sort((a, b) => a - b);
    const p95 = times[Math.floor(0.95 * times.length)]!;
    console.info(`work per frame while panning at 1Mi: median ${times[times.length >> 1]} ms, p95 ${p95} ms`);
    expect(p95).toBeLessThan(1000 / 60);
  }, 60_000);
});

describe('a new page', () => {
  test('shows at once what came with it, before the extension says anything', async () => {
    const model = { ...(await createLanguage(NO_FILES).lowerExpression('sliding(4) | columns([0])')), name: 'early' };
    const page = await PreviewPage.open(inject('executable'), extensionFolder, {
      first: [
        {
          type: 'file',
          id: 'one',
          uri: 'file:///early.sparse',
          fileName: 'early.sparse',
          choices: [{ name: 'early', kind: 'pattern', problem: null }],
          selected: 'early',
          lock: null,
          defaultTokens: 48,
          renderer: 'webgpu',
          runsInHost: false,
        },
        { type: 'model', version: 1, name: 'early', model, adjustables: [] },
      ],
    });
    try {
      await page.shown('early 48');
      await page.page.locator('.cells[data-renderer="webgpu"]').waitFor();
      // Nothing was sent by the extension.
      expect((await page.sent()).map(({ type }) => type)).toContain('ready');
      expect(await page.page.locator('.legend').innerText()).toContain('columns([0])');
    } finally {
      await page.close();
    }
  }, 60_000);

  test.each([300, 650, 1000])('has its place before the controls around it are there (%i pixels wide)', async width => {
    let letIn: (value: null) => void = () => {};
    const late = new Promise<null>(resolve => {
      letIn = resolve;
    });
    const page = await PreviewPage.open(inject('executable'), extensionFolder, { width, late, shownWebGpu: false });
    try {
      await page.show('sliding(16) | columns([0, 40])', 64);
      const place = () => page.page.locator('.mask').boundingBox();
      const before = await place();
      await page.page.locator('vscode-button:not(:defined)').first().waitFor({ state: 'attached' });
      letIn(null);
      await page.page.locator('.legend').waitFor();
      await page.page.locator('vscode-button:defined').first().waitFor();
      await page.settled();
      const after = await place();
      expect(after?.y).toBe(before?.y);
      expect(after?.width).toBe(before?.width);
      if (width > 620) expect(after?.height).toBe(before?.height);
    } finally {
      await page.close();
    }
  });

  test('is there, and says so, when what belongs beside it cannot be loaded', async () => {
    const late = Promise.reject(new Error('nothing comes'));
    late.catch(() => undefined);
    const page = await PreviewPage.open(inject('executable'), extensionFolder, { late, shownWebGpu: false });
    try {
      await page.show('sliding(16)', 64);
      await page.page.getByRole('alert').filter({ hasText: 'could not be loaded' }).waitFor();
    } finally {
      await page.close();
    }
  });

  test('moves nothing by itself where motion is to be reduced', async () => {
    const { page } = preview;
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await preview.show('sliding(4) | columns([0])', 24, { name: 'still' });
    await page.evaluate(() => {
      const moved: string[] = [];
      for (const kind of ['animationstart', 'transitionrun'])
        document.addEventListener(kind, event => moved.push(`${kind} ${(event.target as Element).tagName}`), true);
      Object.assign(window, { moved });
    });
    await page.locator('canvas.marks').focus();
    await preview.press('+', '+', 'ArrowDown', '0');
    await page.locator('section.legend .eye').first().click();
    await page.locator('section.flow .fold').click();
    await page.locator('section.flow .fold').click();
    await page.locator('section.legend .eye').first().click();
    await preview.settled();
    expect(await page.evaluate(() => (window as unknown as { moved: string[] }).moved)).toEqual([]);
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await page.emulateMedia({ reducedMotion: null });
  }, 60_000);
});

describe('beside the picture', () => {
  test('are the masks of all layers and heads, those alike as one, to pick from', async () => {
    const { page } = preview;
    const file = await createLanguage(NO_FILES).open(
      'file:///mine.sparse',
      `model Mine {
        tokens = 96
        layers = 12
        heads = 8
        attention = sliding(8)
        attention layers 6..12, heads [0, 1] = sliding(8) | columns([0])
        attention layers [3] = full()
      }`,
    );
    await preview.showModel(file.lower('Mine'), 96);
    const cells = page.locator('.head-grid button');
    await cells.first().waitFor();
    expect(await cells.evaluateAll(all => all.map(each => each.getAttribute('aria-label')))).toEqual([
      'layers 0..3, heads 0..8',
      'layer 3, heads 0..8',
      'layers 4..6, heads 0..8',
      'layers 6..12, heads 0..2',
      'layers 6..12, heads 2..8',
    ]);
    const density = page.locator('section.pairs');
    await density.filter({ hasText: '8.03 %' }).waitFor();
    await page.getByRole('button', { name: 'layer 3, heads 0..8' }).click();
    await density.filter({ hasText: '100 %' }).waitFor();
    await page.locator('.head-grid button[aria-pressed="true"][aria-label="layer 3, heads 0..8"]').waitFor();
    await page.getByRole('button', { name: 'layers 6..12, heads 0..2' }).click();
    await page.locator('.legend', { hasText: 'columns([0])' }).waitFor();
  });

  test('a layer or head that is typed, or the one that is shown again when that is none', async () => {
    const { page } = preview;
    const file = await createLanguage(NO_FILES).open(
      'file:///mine.sparse',
      'model Typed { tokens = 32  layers = 12  heads = 2  attention = sliding(8) }',
    );
    await preview.showModel(file.lower('Typed'), 32);
    const field = page.locator('#layer');
    const type = async (text: string): Promise<string> =>
      field.evaluate((element, value) => {
        const typed = element as HTMLInputElement;
        typed.value = value;
        typed.dispatchEvent(new Event('change', { bubbles: true }));
        return typed.value;
      }, text);
    expect([await type('99'), await type('99'), await type('3.2'), await type(''), await type('-1')]).toEqual([
      '11',
      '11',
      '3',
      '3',
      '0',
    ]);
  });

  test('the cells of the part whose name is pointed at, also where two have the same colour', async () => {
    const { page } = preview;
    const columns = Array.from({ length: 9 }, (_, part) => `columns([${2 * part}])`);
    await preview.show(columns.join(' | '), 24, { name: 'nine' });
    // The ninth part has the colour of the first.
    const cells = async (part: number): Promise<number> =>
      (await preview.settled()).colours[`${DARK.parts[part]?.join()},255`] ?? 0;
    const [first, second] = [await cells(0), await cells(1)];
    expect(first).toBe(2 * second);
    await page.locator('.legend .part').nth(8).hover();
    await expect.poll(() => cells(1)).toBe(0);
    expect(await cells(0)).toBe(second);
    await page.mouse.move(0, 0);
    await expect.poll(() => cells(0)).toBe(first);
    // The keyboard does the same.
    await page.locator('.legend .eye').nth(8).focus();
    await preview.press('Tab');
    await expect.poll(() => cells(1)).toBe(0);
    await preview.press('Tab');
    await expect.poll(() => cells(1)).toBe(second);
  });

  test('the way between two tokens, and what a click shows in the editor', async () => {
    const model = await preview.show('sliding(4) | columns([0])', 24, { name: 'ways' });
    await preview.page.locator('canvas.marks').focus();
    await preview.press('2', '0', ',', '1', '1', 'Enter');
    // Three keys back with every layer.
    await expect.poll(() => preview.readout()).toBe('i = 20, j = 11: not attended, 3 hops');
    await preview.press('5', ',', '9', 'Enter');
    await expect.poll(() => preview.readout()).toBe('i = 5, j = 9: not attended, never heard of');
    await preview.press('9', ',', '8', 'Enter');
    await expect.poll(() => preview.readout()).toBe('i = 9, j = 8: attended by sliding(4), 1 hop');
    await preview.press('Enter');
    const [rule] = model.rules;
    const span = rule?.pattern.kind === 'named' ? rule.pattern.pattern : undefined;
    const left = span?.kind === 'union' ? span.left.span : undefined;
    expect(left).toBeDefined();
    await expect.poll(async () => (await preview.sent()).at(-1)).toEqual({ type: 'reveal', span: left, focus: false });
    await preview.press('Escape');
  });

  test('the share of what tiles waste, and the tiles over the mask', async () => {
    const { page } = preview;
    await preview.show('block(32)', 128, { name: 'tiled' });
    const dashes = (): Promise<number> =>
      page.locator('canvas.marks').evaluate(element => {
        const canvas = element as HTMLCanvasElement;
        const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        let count = 0;
        for (let at = 3; at < data.length; at += 4) if (data[at] !== 0) count++;
        return count;
      });
    const before = await dashes();
    const choose = (side: string) =>
      page.locator('.toolbar .tiles').evaluate((element, value) => {
        (element as HTMLSelectElement).value = value;
        element.dispatchEvent(new Event('change', { bubbles: true }));
      }, side);
    await choose('32');
    await page.locator('.used', { hasText: '0 % wasted' }).waitFor();
    await expect.poll(dashes).toBeGreaterThan(before + 1000);
    await choose('64');
    await page.locator('.used', { hasText: '50 % wasted' }).waitFor();
    await choose('');
    await expect.poll(dashes).toBe(before);
  });
});

describe('the page', () => {
  test('comes back with its camera, its cell, and what was hidden', async () => {
    const { page } = preview;
    await preview.show('sliding(4) | columns([0])', 24, { name: 'kept' });
    await page.locator('canvas.marks').focus();
    await preview.press('Control+Home', 'ArrowDown', '+', '+', '+');
    await page.getByRole('button', { name: 'Show columns([0])' }).click();
    await page.getByRole('button', { name: 'Flow' }).click();
    const before = await preview.settled();
    // It is kept a moment later.
    await page.waitForFunction(() => /"folded":\[[^\]]*"flow"/.test(sessionStorage.getItem('state') ?? ''));
    await preview.reload();
    await preview.shown('kept 24');
    expect(await preview.settled()).toEqual(before);
    await expect.poll(() => preview.readout()).toContain('i = 1, j = 0: attended by sliding(4)');
    expect(await page.getByRole('button', { name: 'Show columns([0])' }).getAttribute('aria-pressed')).toBe('false');
    expect(await page.getByRole('button', { name: 'Flow' }).getAttribute('aria-expanded')).toBe('false');
  });

  test('hides a primitive from picture, density and cell, and shows it again', async () => {
    const { page } = preview;
    await preview.show('sliding(4) | columns([0])', 16, { name: 'hiding' });
    const density = page.locator('section.pairs');
    await density.filter({ hasText: '27.3 %' }).waitFor();
    const counts = async (): Promise<readonly number[]> => {
      const { colours } = await preview.settled();
      return DARK.parts.slice(0, 2).map(colour => colours[`${colour.join()},255`] ?? 0);
    };
    expect(Math.min(...(await counts()))).toBeGreaterThan(500);
    await page.getByRole('button', { name: 'Show sliding(4)' }).click();
    await density.filter({ hasText: '6.25 %' }).waitFor();
    const [sliding, columns] = await counts();
    expect(sliding).toBe(0);
    expect(columns).toBeGreaterThan(500);
    // Its own share is still there.
    expect(await page.locator('.legend').innerText()).toContain('22.7 %');
    await page.getByRole('button', { name: 'Show sliding(4)' }).click();
    await density.filter({ hasText: '27.3 %' }).waitFor();
  });

  test.each(Object.keys(THEMES) as Theme[])('has nothing that axe-core finds in the %s theme', async theme => {
    await preview.theme(theme);
    await preview.show('sliding(4) | columns([0])', 16, { name: 'accessible' });
    // As the test, not as the page, which lets no strange script in.
    expect(await axeFindings(preview.page)).toEqual([]);
  });
});
