import { describe, expect, test } from 'vitest';
import { useWorkbench } from './use-workbench.ts';

const workbench = useWorkbench({
  files: {
    'mine.sparse': '/** My own mask. */\npattern mine = window(8) | global([0])\n\npattern other = mine & causal()\n',
  },
});

describe('a .sparse file in the editor', () => {
  test('opens as the language, coloured', async () => {
    await workbench().openFile('mine.sparse');
    expect((await workbench().probe.ask('activeEditor', {}))?.languageId).toBe('sparse');
    const colours = await workbench().lineColours('pattern mine');
    expect(colours.length, `colours of "pattern mine": ${colours}`).toBeGreaterThan(1);
  });

  test('activates the extension, in the host that this editor has for it', async () => {
    await workbench().until('the extension to be active', async () => {
      const found = await workbench().probe.ask('extension', { id: 'sparse-attention.sparse-attention' });
      if (found === null) throw new Error('The extension is not installed');
      expect(found.runsIn).toBe(workbench().kind === 'web' ? 'worker' : 'node');
      return found.isActive;
    });
  });

  test('without a mistake shows no problem', async () => {
    expect(await workbench().diagnostics('mine.sparse', found => found.length === 0)).toEqual([]);
  });

  test('with a mistake typed into it underlines the mistake, and nothing when it is taken back', async () => {
    await workbench().replaceText('mine.sparse', 'window(8)', 'windwo(8)');
    const [problem] = await workbench().diagnostics('mine.sparse', found => found.length > 0);
    expect(problem).toMatchObject({
      severity: 'error',
      start: { line: 1, character: 15 },
      end: { line: 1, character: 21 },
    });
    expect(problem?.message).toContain('windwo');
    await workbench().squiggles('error').first().waitFor();
    await workbench().replaceText('mine.sparse', 'windwo(8)', 'window(8)');
    await workbench().diagnostics('mine.sparse', found => found.length === 0);
    await workbench().squiggles('error').first().waitFor({ state: 'detached' });
  });

  test('explains a pattern on hover', async () => {
    const text = await workbench().hover(4, 18);
    expect(text).toContain('My own mask.');
    await workbench().dismissHover();
  });

  test('is served again after the server was restarted', async () => {
    await workbench().runCommand('Sparse: Restart Language Server');
    await workbench().replaceText('mine.sparse', 'global([0])', 'globl([0])');
    await workbench().diagnostics('mine.sparse', found => found.some(({ message }) => message.includes('globl')));
    await workbench().replaceText('mine.sparse', 'globl([0])', 'global([0])');
    await workbench().diagnostics('mine.sparse', found => found.length === 0);
  });
});
