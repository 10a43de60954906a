import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import type { StartedWorkers } from '../../client/preview/first-script.ts';
import { DARK } from '../../runtime/draw/palette.ts';
import { PreviewInWorkbench } from './preview-in-workbench.ts';
import { textTensors } from './text-tensors.ts';
import { useWorkbench } from './use-workbench.ts';

const dawn = pathToFileURL(createRequire(import.meta.url).resolve('webgpu')).href;

const workbench = useWorkbench({
  files: {
    'preview.sparse': 'pattern small = sliding(4) | columns([0])\n\npattern other = full()\n',
    'empty.sparse': '',
    'notes.txt': 'no pattern\n',
    'qkv.safetensors': textTensors(),
    // The npm package, as a trusted workspace may have it.
    'node_modules/webgpu/package.json': '{ "name": "webgpu", "type": "module", "main": "index.js" }',
    'node_modules/webgpu/index.js': `export * from ${JSON.stringify(dawn)};\n`,
  },
});

const preview = new PreviewInWorkbench(workbench, 'preview.sparse');

describe('the preview', () => {
  test('opens beside the editor with the mask coloured by primitive', async () => {
    // Each kind of theme has colours of its own.
    await workbench().probe.ask('configure', { key: 'workbench.colorTheme', value: 'Default Dark Modern' });
    await workbench().openFile('preview.sparse');
    await workbench().runCommand('Sparse: Open Preview');
    await preview.shown('small 1024');
    await preview.untilNumbers('Pairs');
    await preview.setTokens('16');
    await preview.shown('small 16');
    // sliding(4): 16 * 4 - 6 = 58 pairs; column 0 adds 12 rows of one key.
    await preview.untilNumbers('Pairs 70');
    await preview.untilNumbers('Density 27.3 %');
    const [sliding, columns, third] = await preview.colourCounts();
    expect(sliding).toBeGreaterThan(1000);
    // Cells of one size up to a pixel, those of 54 and 12 that no other part lights, and half of the 4 that both do.
    expect(sliding! / columns! / (56 / 14)).toBeCloseTo(1, 1);
    expect(third).toBe(0);
    const legend = await (await preview.frame()).locator('.legend').innerText();
    expect(legend).toContain('sliding(4)');
    expect(legend).toContain('columns([0])');
  });

  test('lets no script in but its own', async () => {
    const frame = await preview.frame();
    const policy = await frame.locator('meta[http-equiv="Content-Security-Policy"]').first().getAttribute('content');
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).not.toMatch(/'unsafe-/);
    const ran = await frame.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'globalThis.stranger = 1';
      document.body.append(script);
      script.remove();
      return 'stranger' in globalThis;
    });
    expect(ran).toBe(false);
  });

  test('tells what the pattern costs and how information flows through its layers', async () => {
    const frame = await preview.frame();
    const text = async (name: string): Promise<string> =>
      (await frame.locator(`section[aria-label="${name}"]`).innerText()).replace(/\s+/g, ' ');
    let last = '';
    await workbench().until(
      'the flow of the pattern',
      async () => {
        last = await text('Flow').catch(() => '');
        // Three keys back with every layer, from query 15 to key 1; key 0 is seen by all.
        return last.includes('Heard of all earlier keys') && last.includes('Hops 5');
      },
      () => last,
    );
    // 70 pairs, 2 x 64 operations for each of scores and values.
    expect(await text('Cost')).toContain('FLOPs 17.9 K');
  });

  test('follows information through scattered pairs exactly', async () => {
    const frame = await preview.frame();
    await preview
      .edited('sliding(4)', 'random(3)', async () => {
        await preview.setTokens('16Ki');
        let last = '';
        await workbench().until(
          'the exact flow of scattered pairs',
          async () => {
            last = (await frame.locator('section[aria-label="Flow"]').innerText()).replace(/\s+/g, ' ');
            // Only what is exact tells when all is heard.
            return /Hops \d+ All heard after \d+ layers/.test(last);
          },
          () => last,
          // Seconds of work come last among the questions, and others may want the processor, too.
          60_000,
        );
      })
      .finally(() => preview.setTokens('16'));
    await preview.untilNumbers('Pairs 70');
  }, 120_000);

  test('follows every edit', async () => {
    await workbench().replaceText(
      'preview.sparse',
      null,
      'pattern small = diagonal() | columns([0])\n\npattern other = full()\n',
    );
    await preview.untilNumbers('Pairs 31');
    await workbench().until('the picture to change', async () => {
      const [diagonal = 0, columns = 0] = await preview.colourCounts();
      return diagonal > 1000 && Math.abs(diagonal / columns - 1) < 0.05;
    });
  });

  test('keeps the last good picture while the text is broken, and says so', async () => {
    const before = await preview.colourCounts();
    const frame = await preview.frame();
    const badge = frame.locator('.badge');
    await preview.edited('diagonal()', 'diagnal()', async () => {
      await badge.waitFor();
      expect(await badge.innerText()).toContain('Showing the last good version.');
      expect(await badge.innerText()).toContain('diagnal');
      expect(await preview.colourCounts()).toEqual(before);
    });
    await badge.waitFor({ state: 'detached' });
  });

  test('hides a primitive, and takes it out of the source when asked to; Undo brings it back', async () => {
    const frame = await preview.frame();
    await frame.getByRole('button', { name: 'Show columns([0])' }).click();
    await preview.untilNumbers('Pairs 16');
    expect((await preview.colourCounts())[1]).toBe(0);
    await frame.locator('.legend vscode-button', { hasText: 'Apply' }).click();
    const text = async (): Promise<string> => await workbench().probe.ask('text', { file: 'preview.sparse' });
    await workbench().until('the source without it', async () =>
      (await text()).startsWith('pattern small = diagonal()\n'),
    );
    await frame.locator('.legend', { hasNotText: 'columns([0])' }).waitFor();
    await preview.untilNumbers('Pairs 16');
    await workbench().focusFirstGroup();
    await workbench().focusEditor();
    await workbench().page.keyboard.press('ControlOrMeta+Z');
    await workbench().until('the source as it was', async () =>
      (await text()).startsWith('pattern small = diagonal() | columns([0])\n'),
    );
    // It is still hidden, as the user left it.
    await frame.locator('.legend vscode-button', { hasText: 'Show all' }).click();
    await preview.untilNumbers('Pairs 31');
  });

  test('tries out another value, and writes it into the source when asked to; Undo brings the old one back', async () => {
    const frame = await preview.frame();
    const text = async (): Promise<string> => await workbench().probe.ask('text', { file: 'preview.sparse' });
    const field = frame.locator('section.parameters').getByRole('textbox', { name: 'tokens of columns([0])' });
    await field.fill('0..3');
    await field.press('Enter');
    // 16 on the diagonal, and three columns of 16 with three of those among them.
    await preview.untilNumbers('Pairs 61');
    expect(await text()).toContain('columns([0])\n');
    await frame.locator('section.parameters vscode-button', { hasText: 'Apply' }).click();
    await workbench().until('the source with it', async () =>
      (await text()).startsWith('pattern small = diagonal() | columns([0..3])\n'),
    );
    await frame.locator('section.parameters vscode-button').first().waitFor({ state: 'detached' });
    await workbench().focusFirstGroup();
    await workbench().focusEditor();
    await workbench().page.keyboard.press('ControlOrMeta+Z');
    await workbench().until('the source as it was', async () =>
      (await text()).startsWith('pattern small = diagonal() | columns([0])\n'),
    );
    await preview.untilNumbers('Pairs 31');
  });

  test('shows which cells the expression at the cursor lights, and where a cell comes from', async () => {
    const frame = await preview.frame();
    const all = await preview.colourCounts();
    await workbench().focusFirstGroup();
    await workbench().goToText('preview.sparse', 'columns', 2);
    await workbench().until('cells that stand out', async () => {
      const [diagonal, columns] = await preview.colourCounts();
      return diagonal === 0 && columns! > 1000;
    });
    const marks = frame.locator('canvas.marks');
    const box = (await marks.boundingBox())!;
    // A cell of the diagonal: the editor selects what lights it. The preview has the keyboard now, so nothing stands out.
    await workbench().page.mouse.click(box.x + box.width / 2 + 6, box.y + box.height / 2 + 6);
    await workbench().until('the expression to be selected', async () => {
      const editor = await workbench().probe.ask('activeEditor', {});
      return editor === null || editor.character >= 'pattern small = '.length;
    });
    await workbench().until('all cells alike', async () => String(await preview.colourCounts()) === String(all));
    expect(await frame.locator('.readout .pointed').innerText()).toContain('attended by diagonal()');
    await frame.locator('canvas.marks').press('Escape');
  });

  test('compares with another declaration that is picked, and follows edits of that one', async () => {
    const frame = await preview.frame();
    await frame.locator('.toolbar vscode-button', { hasText: 'Compare...' }).click();
    await workbench().page.locator('.quick-input-widget').getByText('other', { exact: true }).click();
    await frame.locator('canvas.marks[data-against="other"]').waitFor();
    const text = async (): Promise<string> =>
      (
        await frame
          .locator('section.comparison')
          .innerText()
          .catch(() => '')
      ).replace(/\s+/g, ' ');
    // diagonal() | columns([0]) has 31 of the 256 pairs.
    await workbench().until('the counts', async () =>
      (await text()).includes('other holds all of small, and 225 pairs more.'),
    );
    const [first, second = 0, both = 0] = await preview.colourCounts(DARK.difference);
    expect(first).toBe(0);
    expect(second / both).toBeCloseTo(225 / 31, 0);
    await preview.edited('full()', 'causal()', async () => {
      await workbench().until('the counts after an edit', async () => (await text()).includes('and 105 pairs more.'));
    });
    await frame.locator('section.comparison vscode-button', { hasText: 'End' }).click();
    await frame.locator('.legend').waitFor();
  });

  test('saves the picture beside its file through the dialog, and copies it or says that it cannot', async () => {
    const frame = await preview.frame();
    const section = frame.locator('section.save');
    await section.locator('vscode-button', { hasText: 'Save...' }).click();
    const input = workbench().page.locator('.quick-input-widget:visible input[type="text"]').first();
    await workbench().until('a proposed name', async () => (await input.inputValue()).endsWith('small-16.png'));
    await input.press('Enter');
    await workbench().notifications().filter({ hasText: 'small-16.png' }).first().waitFor();
    const file = await workbench().readFile('small-16.png');
    // The signature of PNG, and the width in its header: 1,024 pixels and the legend.
    expect([...file.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    expect(file.readUInt32BE(16)).toBe(1024 + 320);
    await section.locator('vscode-button', { hasText: 'Copy' }).click();
    let said = '';
    await workbench().until(
      'what became of the copy',
      async () => {
        said = await section.locator('[role="status"]').innerText();
        return /^The picture (is on the clipboard\.|cannot be copied here \(.+\)\. Save it to a file instead\.)$/.test(
          said,
        );
      },
      () => said,
    );
    console.info(`${workbench().kind}: ${said}`);
  });

  test('goes from 16 to 65,536 tokens with exact counts', async () => {
    await preview.setTokens('64Ki');
    await preview.shown('small 65536');
    await preview.untilNumbers('Pairs 131,071');
    await preview.setTokens('1');
    await preview.shown('small 1');
    await preview.untilNumbers('Pairs 1');
    await preview.setTokens('16');
    await preview.shown('small 16');
  });

  test('refuses a length that makes no sense and keeps its picture', async () => {
    await preview.setTokens('0');
    const frame = await preview.frame();
    await frame.locator('.badge.error', { hasText: 'at least 1' }).waitFor();
    await preview.setTokens('16');
    await frame.locator('.badge.error').waitFor({ state: 'detached' });
  });

  test('zooms and pans, and fits again', async () => {
    const frame = await preview.frame();
    const canvas = frame.locator('canvas.marks');
    const cells = async (): Promise<number> => (await preview.colourCounts())[0]!;
    const fitted = await cells();
    await canvas.focus();
    for (let press = 0; press < 3; press++) await workbench().page.keyboard.press('+');
    await workbench().until('larger cells', async () => (await cells()) > fitted * 1.2);
    await workbench().page.keyboard.press('0');
    await workbench().until('the whole mask', async () => (await cells()) === fitted);
    const box = await canvas.boundingBox();
    await workbench().page.mouse.move(box!.x + box!.width / 2, box!.y + box!.height / 2);
    await workbench().page.mouse.wheel(0, -300);
    await workbench().until('larger cells at the pointer', async () => (await cells()) > fitted * 1.1);
    await canvas.dblclick();
    await workbench().until('the whole mask again', async () => (await cells()) === fitted);
  });

  test('shows another declaration of the file', async () => {
    const frame = await preview.frame();
    await frame.locator('.toolbar vscode-single-select.declaration').evaluate(element => {
      (element as HTMLSelectElement).value = 'other';
      element.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await frame.locator('canvas.marks[data-shown^="other "]').waitFor();
    await preview.untilNumbers('Density 100 %');
    await workbench().page.keyboard.press('Escape');
  });

  test('runs attention on WebGPU and tells what came out', async () => {
    await preview.setTokens('300');
    await preview.shown('other 300');
    await workbench().runCommand('Sparse: Run Pattern');
    const frame = await preview.frame();
    const outcome = frame.locator('.run dl.numbers');
    await outcome.waitFor({ timeout: 60_000 });
    const text = (await outcome.innerText()).replace(/\s+/g, ' ');
    expect(text).toContain('Backend GPU');
    expect(text).toMatch(/SwiftShader/);
    expect(text).toMatch(/Sparse [0-9.]+ m?s/);
    expect(text).toMatch(/Full [0-9.]+ m?s/);
    const difference = Number(/Largest difference ([0-9.e+-]+)/.exec(text)?.[1]);
    expect(difference).toBeLessThan(1e-5);
    expect(await frame.locator('.run .headline').innerText()).toMatch(/x against full attention/);
  });

  test('runs attention on tensors that the user picks', async () => {
    const frame = await preview.frame();
    await preview.choose('backend', 'cpu');
    await preview.choose('data', 'tensors');
    const folder = new URL((await workbench().probe.ask('workspaceUri', {})) ?? '').pathname.replace(/\/$/, '');
    await workbench().until(
      'the dialog',
      async () => (await workbench().quickInputValue())?.startsWith(folder) === true,
    );
    await workbench().answerInput(`${folder}/qkv.safetensors`);
    // Either of the leading axes of [2, 40, 4] may be the heads.
    await workbench().pick('', '2 heads, 40 tokens, 4 numbers a head');
    await frame.locator('.run .file', { hasText: 'qkv.safetensors: 2 x 4, n = 40' }).waitFor();
    await preview.runButton();
    const row = frame.locator('.run .runs tbody tr').first();
    await row.filter({ hasText: 'qkv.safetensors' }).waitFor({ timeout: 60_000 });
    expect((await row.innerText()).replace(/\s+/g, ' ')).toMatch(/^other CPU f32 40 2 2 4 qkv\.safetensors /);
    await preview.choose('data', 'random');
  });

  if (inject('hostKind') !== 'web')
    test('runs attention on the GPU of the extension host', async () => {
      const frame = await preview.frame();
      await preview.choose('backend', 'host');
      await preview.runButton();
      const outcome = frame.locator('.run dl.numbers');
      await outcome.filter({ hasText: 'GPU of the extension host' }).waitFor({ timeout: 60_000 });
      expect(await frame.locator('.run .runs tbody tr').first().innerText()).toContain('GPU (host)');
      await preview.choose('backend', 'gpu');
    });

  if (inject('hostKind') === 'web')
    test('offers no GPU of an extension host that has none', async () => {
      const options = await (await preview.frame()).locator('.run .backend vscode-option').allInnerTexts();
      expect(options.map(text => text.trim())).toEqual(['WebGPU', 'CPU']);
    });

  test('keeps what it found when another tab hides it, and runs nothing meanwhile', async () => {
    const { page } = workbench();
    const frame = await preview.frame();
    const url = await frame.evaluate(
      async () => (window as unknown as { sparseWorkers: StartedWorkers }).sparseWorkers.url,
    );
    // Some editors serve pages from their own origin, where they have workers, too.
    const workers = (): number => page.workers().filter(worker => worker.url() === url).length;
    expect(workers()).toBeGreaterThan(0);
    await workbench().probe.ask('executeCommand', { command: 'workbench.action.focusSecondEditorGroup', args: [] });
    await workbench().openFile('notes.txt');
    await workbench().until('its page and its workers to be gone', async () => workers() === 0 && frame.isDetached());
    await workbench().page.locator('.tab', { hasText: 'Preview other' }).click();
    await preview.shown('other 300');
    await (await preview.frame()).locator('.run dl.numbers').waitFor();
    await workbench().focusFirstGroup();
  });

  test('runs nothing in place of a declaration that is broken', async () => {
    // Run takes the declaration at the cursor.
    await workbench().goTo(3, 10);
    const frame = await preview.frame();
    await preview.edited('full()', 'fulll()', async () => {
      await frame.locator('.badge').waitFor();
      await workbench().runCommand('Sparse: Run Pattern');
      await frame.locator('.run .failure', { hasText: 'Nothing ran' }).waitFor();
    });
    await frame.locator('.badge').waitFor({ state: 'detached' });
  });

  test('follows edits after the server was restarted', async () => {
    await workbench().runCommand('Sparse: Restart Language Server');
    await preview.edited('full()', 'causal()', () => preview.untilNumbers('Pairs 45,150'));
    await preview.untilNumbers('Pairs 90,000');
  });

  test('opens again after it was closed: by its icon, by the lens, by the palette', async () => {
    const { page, probe } = workbench();
    const ways = [
      () => page.locator('.editor-group-container.active .editor-actions [aria-label*="Open Preview"]').first().click(),
      () => page.locator('.codelens-decoration a', { hasText: 'Preview' }).nth(1).click(),
      () => workbench().runCommand('Sparse: Open Preview'),
    ];
    const tab = page.locator('.tab', { hasText: 'Preview other' });
    for (const open of ways) {
      await tab.click();
      await probe.ask('executeCommand', { command: 'workbench.action.closeActiveEditor', args: [] });
      await tab.waitFor({ state: 'detached' });
      await workbench().openInFirstGroup('preview.sparse');
      // The icon and the palette take the declaration at the cursor, the lens the one below it.
      await workbench().goTo(3, 10);
      await open();
      await preview.shown('other 1024');
    }
    await preview.setTokens('300');
    await preview.shown('other 300');
  });

  test('is there again after the window was reloaded', async () => {
    await workbench().reload();
    await preview.shown('other 300');
    await preview.untilNumbers('Pairs 90,000');
  });
});
