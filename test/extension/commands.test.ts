import { describe, expect, test } from 'vitest';
import { readNpy } from '../../runtime/tensor/npy.ts';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
    'export.sparse': 'pattern mine = sliding(3) | global([0])\n',
    'first.sparse': 'pattern near = sliding(8)\n\npattern wide = sliding(16)\n',
    'second.sparse': 'pattern spelled = where (i, j) => i >= j && i - j < 8\n',
  },
});

/** What the document with the outcome says, once it is there. */
async function outcome(title: string): Promise<string> {
  let text = '';
  await workbench().until(`the comparison ${title}`, async () => {
    // Long lines are wrapped.
    text = (await workbench().shownLines()).join('');
    return text.includes(`# ${title}`);
  });
  return text;
}

describe('Sparse: Compare Patterns...', () => {
  test('compares the pattern at the cursor with another one of the file', async () => {
    await workbench().openFile('first.sparse');
    await workbench().goToText('first.sparse', 'near');
    await workbench().runCommand('Sparse: Compare Patterns...');
    await workbench().pick('wide', 'wide');
    await workbench().answerInput('100');
    const text = await outcome('near and wide');
    expect(text).toContain('near is **contained** in wide, which holds 708 pairs more.');
    expect(text).toContain('First difference: query 8 attends to key 0 in wide only.');
  });

  test('and with one of a file that is not open', async () => {
    // Nothing is unsaved yet, or the editor would ask about it.
    await workbench().runCommand('View: Close All Editors');
    await workbench().openFile('first.sparse');
    await workbench().goToText('first.sparse', 'near');
    await workbench().runCommand('Sparse: Compare Patterns...');
    await workbench().pick('second.sparse', 'second.sparse');
    await workbench().answerInput('64');
    expect(await outcome('near and spelled')).toContain('near and spelled are **equal**: they hold the same pairs.');
  });
});

/** The exported mask by definition: sliding(3) | global([0]) at `n` tokens. */
function expected(n: number): number[] {
  return Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return (i - j >= 0 && i - j < 3) || i === 0 || j === 0 ? 1 : 0;
  });
}

describe('Sparse: Export Mask...', () => {
  test('saves the mask through the workspace and offers to open it and to copy its path', async () => {
    await workbench().openFile('export.sparse');
    await workbench().diagnostics('export.sparse', found => found.length === 0);
    await workbench().runCommand('Sparse: Export Mask...');
    // A pattern on its own has no length: it is asked for.
    await workbench().answerInput('100');
    await workbench().pick('npy', 'NumPy dense mask');
    const input = workbench().page.locator('.quick-input-widget:visible input[type="text"]').first();
    await workbench().until('a proposed name', async () => (await input.inputValue()).endsWith('mine-100.npy'));
    await input.press('Enter');
    const toast = workbench().notifications().filter({ hasText: 'mine-100.npy' });
    await toast.waitFor();
    const { data, shape } = readNpy(await workbench().readFile('mine-100.npy'));
    expect(shape).toEqual([100, 100]);
    expect(Array.from(data, Number)).toEqual(expected(100));
    // A browser asks before a page may read the clipboard; a desktop does not.
    if (workbench().kind !== 'desktop')
      await workbench().page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await toast.getByText('Copy Path').click();
    await workbench().until('the path in the clipboard', async () =>
      (await workbench().probe.ask('clipboard', {})).endsWith('mine-100.npy'),
    );
  });

  test('says clearly why a broken file cannot be exported', async () => {
    await workbench().openFile('export.sparse');
    await workbench().replaceText('export.sparse', 'sliding(3)', 'sliding(-3)');
    await workbench().diagnostics('export.sparse', found => found.length > 0);
    await workbench().runCommand('Sparse: Export Mask...');
    await workbench().notifications().filter({ hasText: 'mine cannot be exported' }).waitFor();
    await workbench().replaceText('export.sparse', 'sliding(-3)', 'sliding(3)');
  });
});
