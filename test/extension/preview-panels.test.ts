import type { Frame } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { readNpy } from '../../runtime/tensor/npy.ts';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
    'one.sparse': 'pattern a = sliding(4) | columns([0])\n\npattern b = full()\n',
    'two.sparse':
      'import { b } from "./one.sparse"\n\npattern c = causal()\n\npattern d = diagonal() | b\n\npattern needs(size: number) = sliding(size)\n',
    'notes.txt': 'no pattern\n',
  },
});

/** The pages of previews that show this, `name tokens`. */
async function pagesOf(shown: string): Promise<Frame[]> {
  const found: Frame[] = [];
  for (const frame of workbench().page.frames())
    if (
      await frame
        .locator(`#preview canvas.marks[data-shown="${shown}"]`)
        .first()
        .isVisible()
        .catch(() => false)
    )
      found.push(frame);
  return found;
}

/** Waits for the page that shows this. */
async function page(shown: string): Promise<Frame> {
  let found: Frame | undefined;
  await workbench().until(
    `a preview of ${shown}`,
    async () => {
      [found] = await pagesOf(shown);
      return found !== undefined;
    },
    () => 'another one',
  );
  return found!;
}

/** Goes to the editor of a file and puts the caret into a text of it. */
async function edit(file: string, text?: string): Promise<void> {
  await workbench().openInFirstGroup(file);
  if (text !== undefined) await workbench().goToText(file, text, 3);
}

async function choose(frame: Frame, name: string): Promise<void> {
  await frame.locator('.toolbar vscode-single-select.declaration').evaluate((element, to) => {
    (element as HTMLSelectElement).value = to;
    element.dispatchEvent(new Event('change', { bubbles: true }));
  }, name);
}

async function setTokens(frame: Frame, tokens: number): Promise<void> {
  const field = frame.locator('#tokens').locator('input');
  await field.fill(String(tokens));
  await field.press('Enter');
}

/** Stands for what the canvas shows, whatever draws it: pixels are megabytes. */
async function picture(frame: Frame): Promise<string> {
  return await frame.locator('.cells canvas').evaluate(async element => {
    const { width, height } = element as HTMLCanvasElement;
    // Within a frame, because what WebGPU draws is gone after it.
    await new Promise(resolve => requestAnimationFrame(resolve));
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context?.drawImage(element as HTMLCanvasElement, 0, 0);
    const { data } = context?.getImageData(0, 0, width, height) ?? { data: [] };
    let sum = 0;
    for (const [index, value] of data.entries()) sum = (sum * 31 + value + index) % 1_000_003;
    return `${width} x ${height}: ${sum}`;
  });
}

/** Titles of the previews that are open, in the order of their tabs. */
async function titles(): Promise<string[]> {
  const all = await workbench().page.locator('.tabs-container .tab .label-name').allInnerTexts();
  return all.filter(title => title.includes('Preview'));
}

async function untilTitles(...wanted: readonly string[]): Promise<void> {
  let found: string[] = [];
  await workbench().until(
    `the titles ${wanted.join(', ')}`,
    async () => {
      found = await titles();
      return [...found].sort().join('|') === [...wanted].sort().join('|');
    },
    () => found.join(', '),
  );
}

/** Brings a preview to the front, with the keyboard. */
async function focus(title: string): Promise<void> {
  await workbench().page.locator('.tab', { hasText: title }).first().click();
}

describe('the preview that follows', () => {
  test('shows the file of the active editor, and in it the declaration at the caret', async () => {
    await edit('one.sparse', 'pattern a');
    await workbench().runCommand('Sparse: Open Preview');
    await page('a 1024');
    await untilTitles('Preview a');
    await workbench().goToText('one.sparse', 'pattern b', 3);
    await page('b 1024');
    await edit('two.sparse', 'pattern c');
    await page('c 1024');
    await untilTitles('Preview c');
    // What cannot be shown, what lies between, and what is no .sparse file change nothing.
    await workbench().goToText('two.sparse', 'pattern needs', 3);
    await workbench().goToText('two.sparse', 'import', 3);
    await edit('notes.txt');
    await untilTitles('Preview c');
    expect(await pagesOf('c 1024')).toHaveLength(1);
  });

  test('keeps what was chosen in it while the caret stays where it is', async () => {
    await edit('two.sparse', 'pattern c');
    await choose(await page('c 1024'), 'd');
    await page('d 1024');
    await edit('two.sparse', '= causal');
    await workbench().goToText('two.sparse', '\n\npattern d', 1);
    await workbench().goToText('two.sparse', 'causal()', 3);
    await untilTitles('Preview d');
    await workbench().goToText('two.sparse', '= diagonal', 1);
    await workbench().goToText('two.sparse', 'causal()', 3);
    await untilTitles('Preview c');
  });

  test('has the length, the hidden parts and the camera of what it showed before when that comes back', async () => {
    await edit('one.sparse', 'pattern a');
    const shown = await page('a 1024');
    await setTokens(shown, 16);
    await page('a 16');
    await shown.getByRole('button', { name: 'Show columns([0])' }).click();
    await shown.locator('.pairs dl.numbers', { hasText: '58' }).waitFor();
    await shown.locator('canvas.marks').focus();
    const whole = await picture(shown);
    for (const key of ['+', '+']) await workbench().page.keyboard.press(key);
    let before = whole;
    await workbench().until('a nearer picture that stays', async () => {
      const last = before;
      await workbench().page.waitForTimeout(300);
      before = await picture(shown);
      return before !== whole && before === last;
    });
    await edit('two.sparse');
    await page('c 1024');
    await edit('one.sparse');
    await page('a 16');
    await shown.locator('.pairs dl.numbers', { hasText: '58' }).waitFor();
    await workbench().until('the picture as it was', async () => (await picture(shown)) === before);
    await shown.locator('canvas.marks').press('0');
    await shown.locator('.legend vscode-button', { hasText: 'Show all' }).click();
  });

  test('stays where it is when it shows a place of another file itself', async () => {
    await edit('two.sparse', '= diagonal');
    const shown = await page('d 1024');
    await shown.locator('.legend button.part', { hasText: 'full()' }).click();
    await workbench().until('the place in the editor', async () => {
      const editor = await workbench().probe.ask('activeEditor', {});
      return editor?.file === 'one.sparse' && editor.line === 2;
    });
    await untilTitles('Preview d');
    // The next move is the user's.
    await workbench().goToText('one.sparse', 'pattern b', 3);
    await untilTitles('Preview b');
  });

  test('goes along with a declaration that gets another name, and with its file', async () => {
    await edit('one.sparse', 'pattern a');
    const shown = await page('a 16');
    await workbench().replaceText('one.sparse', 'pattern a', 'pattern first');
    await untilTitles('Preview first');
    expect(await page('first 16')).toBe(shown);
    await workbench().replaceText('one.sparse', 'pattern first', 'pattern a');
    await untilTitles('Preview a');
    const folder = (await workbench().probe.ask('workspaceUri', {})) ?? '';
    await workbench().probe.ask('rename', { from: `${folder}/one.sparse`, to: `${folder}/moved.sparse` });
    await workbench().page.locator('.tab[data-resource-name="moved.sparse"]').waitFor();
    await page('a 16');
    await workbench().replaceText('moved.sparse', 'sliding(4)', 'sliding(5)');
    // 16 * 5 - 10 pairs, and 11 of column 0.
    await shown.locator('.pairs dl.numbers', { hasText: '81' }).waitFor();
    await workbench().replaceText('moved.sparse', 'sliding(5)', 'sliding(4)');
    await workbench().probe.ask('rename', { from: `${folder}/moved.sparse`, to: `${folder}/one.sparse` });
    await workbench().page.locator('.tab[data-resource-name="one.sparse"]').waitFor();
    await page('a 16');
  });
});

describe('a locked preview', () => {
  test('keeps to its file, of which any declaration can be chosen', async () => {
    await edit('one.sparse', 'pattern b');
    const shown = await page('b 1024');
    await focus('Preview b');
    const bar = workbench().page.locator('.editor-group-container.active .editor-actions');
    await bar.locator('[aria-label*="Lock Preview"]').first().click();
    const entry = workbench().page.locator('.monaco-menu .action-label', { hasText: 'Lock Preview to File' });
    await entry.waitFor();
    // A menu that has just opened takes no click.
    await workbench().until('the menu to close', async () => {
      await entry.click({ timeout: 1000 }).catch(() => {});
      return !(await entry.isVisible());
    });
    await untilTitles('[Preview] one.sparse: b');
    await edit('two.sparse', 'pattern c');
    await choose(shown, 'a');
    await untilTitles('[Preview] one.sparse: a');
    await page('a 16');
  });

  test('leaves the command to one that follows, and goes on following when it is unlocked', async () => {
    await edit('two.sparse', 'pattern c');
    await workbench().runCommand('Sparse: Open Preview');
    await untilTitles('[Preview] one.sparse: a', 'Preview c');
    await page('c 1024');
    await focus('one.sparse: a');
    const bar = workbench().page.locator('.editor-group-container.active .editor-actions');
    await bar.locator('[aria-label*="Unlock Preview"]').first().click();
    // One follows: the other keeps what it shows.
    await untilTitles('Preview c', '[Preview] two.sparse: c');
    await edit('one.sparse', 'pattern b');
    await untilTitles('Preview b', '[Preview] two.sparse: c');
  });

  test('keeps to a pattern, and no other can be chosen there', async () => {
    await edit('two.sparse', '= diagonal');
    await workbench().runCommand('Sparse: Open Preview Locked to Pattern');
    await untilTitles('Preview d', '[Preview] two.sparse: c', '[Preview] d');
    // For a moment the one that follows is there, too, and goes while it is asked.
    await workbench().until(
      'a locked preview',
      async () => {
        const list = (await page('d 1024')).locator('.toolbar vscode-single-select.declaration');
        return (await list.getAttribute('disabled', { timeout: 1000 }).catch(() => null)) !== null;
      },
      () => 'one that can be changed',
    );
    // Without its declaration it has the last good picture, and says why.
    await workbench().replaceText('two.sparse', 'pattern d = diagonal() | b\n', '');
    await focus('[Preview] d');
    const locked = await page('d 1024');
    await locked.locator('.badge', { hasText: 'Showing the last good version.' }).waitFor();
    await workbench().replaceText('two.sparse', '\n\npattern needs', '\npattern d = diagonal() | b\n\npattern needs');
    await locked.locator('.badge').waitFor({ state: 'detached' });
  });

  test('is there again after a reload, beside the one that follows', async () => {
    await focus('[Preview] d');
    // Tried again, it is there already.
    await workbench().until('the locked pattern', async () => {
      const [longer, shorter] = [await pagesOf('d 1024'), await pagesOf('d 32')];
      for (const frame of longer) await setTokens(frame, 32).catch(() => {});
      return shorter.length > 0;
    });
    await edit('one.sparse', 'pattern b');
    // A tab that is not in front has the title it had when it was left.
    await untilTitles('Preview b', '[Preview] two.sparse: c', '[Preview] d');
    await workbench().reload();
    await untilTitles('Preview b', '[Preview] two.sparse: c', '[Preview] d');
    for (const [title, shown] of [
      ['[Preview] d', 'd 32'],
      ['[Preview] two.sparse: c', 'c 1024'],
    ] as const) {
      await focus(title);
      await page(shown);
    }
    await focus('Preview b');
    await page('b 1024');
    await edit('one.sparse', 'pattern a');
    // What was chosen for it is there, too.
    await page('a 16');
    await edit('two.sparse', 'pattern c');
    await untilTitles('Preview c', '[Preview] two.sparse: c', '[Preview] d');
  });
});

test('an export takes the preview that shows it, and leaves out what is hidden there', async () => {
  await edit('one.sparse', 'pattern a');
  await workbench().runCommand('Sparse: Open Preview');
  const shown = await page('a 16');
  await shown.getByRole('button', { name: 'Show columns([0])' }).click();
  await shown.locator('.pairs dl.numbers', { hasText: '58' }).waitFor();
  await shown.locator('.toolbar vscode-button', { hasText: 'Export...' }).click();
  const input = workbench().page.locator('.quick-input-widget:visible input[type="text"]').first();
  await workbench().until('what the list of formats says', async () =>
    ((await input.getAttribute('placeholder')) ?? '').endsWith('as the preview shows it, without columns([0])'),
  );
  await workbench().pick('npy', 'NumPy dense mask');
  await workbench().until('a proposed name', async () => (await input.inputValue()).endsWith('a-16.npy'));
  await input.press('Enter');
  await workbench().notifications().filter({ hasText: 'without columns([0])' }).first().waitFor();
  const { data } = readNpy(await workbench().readFile('a-16.npy'));
  expect(Array.from(data, Number).reduce((sum, value) => sum + value, 0)).toBe(58);
});

test('a preview that nobody sees computes nothing, and its title goes along', async () => {
  await edit('one.sparse', 'pattern a');
  await focus('Preview a');
  await workbench().openFile('two.sparse');
  await untilTitles('Preview c', '[Preview] two.sparse: c', '[Preview] d');
  expect(await pagesOf('a 16')).toEqual([]);
  await focus('Preview c');
  await page('c 1024');
  await untilTitles('Preview c', '[Preview] two.sparse: c', '[Preview] d');
});

test('what follows goes into files that were never saved, and into the right side of a difference only', async () => {
  await workbench().focusFirstGroup();
  await workbench().probe.ask('openUntitled', { text: 'pattern draft = causal()\n' });
  const shown = await page('draft 1024');
  await workbench().probe.ask('executeCommand', { command: 'workbench.action.revertAndCloseActiveEditor', args: [] });
  await workbench().probe.ask('diff', { left: 'one.sparse', right: 'two.sparse' });
  await page('c 1024');
  expect(await pagesOf('c 1024')).toEqual([shown]);
  // What is old is only looked at, also where the caret moves in it.
  const command = (name: string, ...args: unknown[]) =>
    workbench().probe.ask('executeCommand', { command: name, args });
  const go = async (side: 'Primary' | 'Secondary', file: string, line: number): Promise<void> => {
    await command(`workbench.action.compareEditor.focus${side}Side`);
    await workbench().until(
      `the caret in ${file}`,
      async () => (await workbench().probe.ask('activeEditor', {}))?.file.endsWith(file) === true,
      () => side,
    );
    await command('cursorTop');
    await command('cursorMove', { to: 'down', by: 'line', value: line });
  };
  await go('Secondary', 'one.sparse', 2);
  await workbench().page.waitForTimeout(1500);
  expect(await pagesOf('c 1024')).toEqual([shown]);
  await go('Primary', 'two.sparse', 4);
  await page('d 1024');
  expect(await pagesOf('d 1024')).toEqual([shown]);
  await workbench().probe.ask('executeCommand', { command: 'workbench.action.closeActiveEditor', args: [] });
});

test('a file that is deleted leaves its last picture, and that is said', async () => {
  await workbench().probe.ask('writeFile', { file: 'gone.sparse', text: 'pattern gone = diagonal()\n' });
  await edit('gone.sparse');
  await workbench().runCommand('Sparse: Open Locked Preview');
  await workbench().page.locator('.tab.active', { hasText: 'gone.sparse: gone' }).waitFor();
  // The one that follows has shown it, too, and is behind the locked one now.
  let shown: readonly Frame[] = [];
  await workbench().until('one page of it', async () => {
    shown = await pagesOf('gone 1024');
    return shown.length === 1;
  });
  await workbench().probe.ask('delete', { file: 'gone.sparse' });
  await shown[0]!.locator('.badge', { hasText: 'It was deleted.' }).waitFor();
  expect(await pagesOf('gone 1024')).toEqual(shown);
  await focus('gone.sparse: gone');
  await workbench().probe.ask('executeCommand', { command: 'workbench.action.closeActiveEditor', args: [] });
});
