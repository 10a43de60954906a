import { describe, expect, test } from 'vitest';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
    'complete.sparse': 'const wide = 64\n\npattern mine = \n',
    'near.sparse': '/** What is near, and the first token. */\npattern nearby(size = 8) = window(size) | global([0])\n',
    'uses-near.sparse':
      'import { nearby } from "./near.sparse"\n\npattern twice = nearby(4) | nearby(16) & causal()\n\nmodel Small {\n  tokens = 64\n  attention = twice & causal()\n}\n',
    'mistake.sparse': 'pattern mine = windwo(8) | global([0])\n',
    'untidy.sparse':
      '// A comment stays.\npattern   mine=window( 8 )|global([ 0,1 ])\n\nmodel M{tokens=64\nattention=mine}\n',
    'typed.sparse': 'model   Typed {\ntokens=64\nattention = full()\n\n',
    'symbols.sparse':
      '/**\n * First.\n */\npattern first = window(8)\n\npattern second =\n  window(8)\n    | global([0])\n\nmodel Third {\n  tokens    = 64\n  attention = second\n}\n',
  },
});

const textOf = (file: string): Promise<string> => workbench().probe.ask('text', { file });

async function untilText(file: string, wanted: string): Promise<void> {
  let last = '';
  await workbench().until(
    `the text of ${file}`,
    async () => {
      last = await textOf(file);
      return last === wanted;
    },
    () => last,
  );
}

async function untilLines(holds: (lines: string[]) => boolean): Promise<void> {
  let last: string[] = [];
  await workbench().until(
    'the lines on the screen',
    async () => {
      last = await workbench().shownLines();
      return holds(last);
    },
    () => last.join('\n'),
  );
}

describe('completion', () => {
  test('shows primitives and constants, and puts in a call whose placeholder is filled by typing', async () => {
    await workbench().openFile('complete.sparse');
    await workbench().goToText('complete.sparse', 'mine = ', 'mine = '.length);
    const row = await workbench().suggestion('sliding');
    await row.click();
    await untilText('complete.sparse', 'const wide = 64\n\npattern mine = sliding(4096)\n');
    await workbench().type('wide + 1');
    await untilText('complete.sparse', 'const wide = 64\n\npattern mine = sliding(wide + 1)\n');
    await workbench().page.keyboard.press('Escape');
  });
});

describe('a mistake', () => {
  test('is mended by a quick fix from the menu of Ctrl+.', async () => {
    const { page } = workbench();
    await workbench().openFile('mistake.sparse');
    await workbench().diagnostics('mistake.sparse', found => found.length === 1);
    await workbench().goToText('mistake.sparse', 'windwo', 3);
    const fix = page.locator('.action-widget .monaco-list-row', { hasText: 'Change to `window`' });
    await workbench().pressUntil('ControlOrMeta+.', 'the quick fixes', async () => (await fix.count()) > 0);
    // Something invisible lies over a menu until the mouse moves.
    await fix.hover({ force: true });
    await fix.click();
    await untilText('mistake.sparse', 'pattern mine = window(8) | global([0])\n');
    expect(await workbench().diagnostics('mistake.sparse', found => found.length === 0)).toEqual([]);
  });

  test('leads to its page by the link of its code', async () => {
    const { page, kind } = workbench();
    await workbench().replaceText('mistake.sparse', 'window(8)', 'windwo(8)');
    await workbench().diagnostics('mistake.sparse', found => found.length === 1);
    await workbench().hover(1, 18);
    const link = page.locator('.monaco-hover:visible a.code-link', { hasText: 'unknown-name' });
    expect(await link.getAttribute('href')).toMatch(/\/docs\/diagnostics\/unknown-name\.md$/);
    if (kind === 'web') {
      // The extension itself was loaded from the web, and so is the page.
      const [opened] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
      await opened.getByText('# unknown-name').waitFor();
      await opened.close();
    } else {
      await link.click();
      await page.locator('.tab.active[data-resource-name="unknown-name.md"]').waitFor();
      await workbench().until('the page', async () => (await workbench().shownLines())[0] === '# unknown-name');
    }
  });
});

describe('a file', () => {
  test('has the density of its patterns and rules beside them, as inlay hints', async () => {
    await workbench().openFile('uses-near.sparse');
    await untilLines(lines => lines.includes('  attention = twice & causal()14.5%'));
    expect(await workbench().shownLines()).toContain('pattern twice = nearby(4) | nearby(16) & causal()19.1%');
    await workbench().probe.ask('configure', { key: 'sparse.inlayHints.density', value: false });
    await untilLines(lines => lines.includes('  attention = twice & causal()'));
    await workbench().probe.ask('configure', { key: 'sparse.inlayHints.density', value: undefined });
  });

  test('folds comments and declarations', async () => {
    await workbench().openFile('symbols.sparse');
    await untilLines(lines => lines.includes('  tokens    = 64'));
    await workbench().runCommand('Fold All');
    await untilLines(lines => !lines.includes(' * First.') && !lines.includes('  tokens    = 64'));
    // What ends a declaration on a line of its own stays in sight.
    expect((await workbench().shownLines()).map(line => line.replace(/[0-9.]+%$/, ''))).toEqual([
      '/**',
      'pattern first = window(8)',
      '',
      'pattern second =',
      '',
      'model Third {',
      '}',
      '',
    ]);
    await workbench().runCommand('Unfold All');
    await untilLines(lines => lines.includes(' * First.') && lines.includes('  tokens    = 64'));
  });

  test('lists its declarations, and those of the folder', async () => {
    const { page } = workbench();
    const listed = async (): Promise<string[]> =>
      (await workbench().quickInputLabels()).map(label => label.replace(/^\W+/, ''));
    await workbench().pressUntil('ControlOrMeta+Shift+O', 'the symbols of the file', async () =>
      (await listed()).includes('Third'),
    );
    expect(await listed()).toEqual(['first', 'second', 'Third', 'tokens', 'attention']);
    await page.keyboard.press('Escape');
    await workbench().pressUntil(
      'ControlOrMeta+T',
      'the search',
      async () => (await workbench().quickInputValue()) === '#',
    );
    await workbench().pick('#nearby', 'nearby');
    await workbench().until('the declaration', async () => {
      const editor = await workbench().probe.ask('activeEditor', {});
      return editor?.file === 'near.sparse' && editor.line === 1;
    });
  });
});

describe('changes', () => {
  test('F2 renames a pattern in the file that declares it and in those that import it', async () => {
    await workbench().openFile('uses-near.sparse');
    await workbench().goToText('uses-near.sparse', 'nearby(4)', 2);
    const box = workbench().page.locator('.rename-box input');
    await workbench().pressUntil('F2', 'the field for the new name', async () => box.first().isVisible());
    expect(await box.first().inputValue()).toBe('nearby');
    await box.first().fill('close_by');
    await box.first().press('Enter');
    await untilText(
      'near.sparse',
      '/** What is near, and the first token. */\npattern close_by(size = 8) = window(size) | global([0])\n',
    );
    await untilText(
      'uses-near.sparse',
      'import { close_by } from "./near.sparse"\n\npattern twice = close_by(4) | close_by(16) & causal()\n\nmodel Small {\n  tokens = 64\n  attention = twice & causal()\n}\n',
    );
    expect(await workbench().diagnostics('uses-near.sparse', found => found.length === 0)).toEqual([]);
  });

  test('Format Document lays a file out', async () => {
    await workbench().openFile('untidy.sparse');
    await workbench().runCommand('Format Document');
    await untilText(
      'untidy.sparse',
      '// A comment stays.\npattern mine = window(8) | global([0, 1])\n\nmodel M {\n  tokens    = 64\n  attention = mine\n}\n',
    );
  });

  test('a closing brace lays its declaration out, where the editor formats on type', async () => {
    await workbench().probe.ask('configure', { key: 'editor.formatOnType', value: true });
    await workbench().openFile('typed.sparse');
    await workbench().goTo(4, 1);
    await workbench().type('}');
    await untilText('typed.sparse', 'model Typed {\n  tokens    = 64\n  attention = full()\n}\n');
    await workbench().probe.ask('configure', { key: 'editor.formatOnType', value: undefined });
  });
});
