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
    // The grammar is loaded when the first file of the language is opened.
    await expect
      .poll(async () => (await workbench().lineColours('pattern mine')).length, { timeout: 20_000 })
      .toBeGreaterThan(1);
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

  test('tells of a call in a model what it costs at the length of the model', async () => {
    await workbench().openFile('longformer.sparse');
    await workbench().goToText('longformer.sparse', '= longformer(512)\n\n', 4);
    const place = await workbench().probe.ask('activeEditor', {});
    const text = await workbench().hover((place?.line ?? 0) + 1, (place?.character ?? 0) + 1);
    expect(text).toContain('Beltagy et al.');
    // 513 keys a query less those past the ends, and the rest of row and column 0.
    const pairs = 4096 * 513 - 256 * 257 + 2 * (4096 - 257);
    for (const part of [pairs.toLocaleString('en'), 'at 4,096 tokens', 'O(n']) expect(text).toContain(part);
    await workbench().dismissHover();
    await workbench().replaceText('longformer.sparse', 'window(256', 'window(-3');
    const [problem] = await workbench().diagnostics('longformer.sparse', found => found.length > 0);
    expect(problem?.message).toContain('-3');
    expect((problem?.end.character ?? 0) - (problem?.start.character ?? 0)).toBe('-3'.length);
    await workbench().replaceText('longformer.sparse', 'window(-3', 'window(256');
    await workbench().diagnostics('longformer.sparse', found => found.length === 0);
    await workbench().openFile('mine.sparse');
  });

  test('is served again after the server was restarted', async () => {
    await workbench().runCommand('Sparse: Restart Language Server');
    await workbench().replaceText('mine.sparse', 'global([0])', 'globl([0])');
    await workbench().diagnostics('mine.sparse', found => found.some(({ message }) => message.includes('globl')));
    await workbench().replaceText('mine.sparse', 'globl([0])', 'global([0])');
    await workbench().diagnostics('mine.sparse', found => found.length === 0);
  });
});
