import { describe, expect, test } from 'vitest';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
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
