import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildFirst, type Outcome, STACK_TRACE, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();

const files: Readonly<Record<string, string>> = {
  'a.sparse': 'pattern near = sliding(8)\npattern wide = sliding(16)\npattern far = sliding(16) - sliding(8)\n',
  'one.sparse': 'pattern only = where (i, j) => i >= j && i - j < 8\n',
  'before.sparse': `model Base { tokens = 256 layers = 4 heads = 2 head_dim = 8 attention = window(32) }
model Long { tokens = 512 layers = 4 heads = 2 head_dim = 8 attention = window(32) }
`,
  'after.sparse': `model Base {
  tokens = 256
  layers = 4
  heads = 2
  head_dim = 8
  attention = window(33)
  attention layers [1, 3], heads [0] = window(32) | global([0])
}
`,
  'bad.sparse': 'pattern p = wnidow(3)\n',
  'dynamic.sparse': 'pattern dynamic = topk(4)\n',
};
for (const [name, text] of Object.entries(files)) writeFileSync(path.join(cwd, name), text);

const diff = (...args: string[]): Promise<Outcome> => sparse(['diff', ...args], { cwd });

describe.concurrent('sparse diff', () => {
  it('speaks of one token as of one', async () => {
    const { stdout } = await diff('a.sparse#near', 'one.sparse', '--tokens', '1');
    expect(stdout).toMatch(/^a\.sparse#near and one\.sparse#only, 1 token\n/);
  });

  it('ends with 0 for equal masks, however they are written', async () => {
    const { code, stdout, stderr } = await diff('a.sparse#near', 'one.sparse', '--tokens', '100');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toBe(
      'a.sparse#near and one.sparse#only, 100 tokens\n\nequal\nonly in the first   0\nonly in the second  0\nin both             772\n',
    );
  });

  it('ends with 1 for others, counts both ways and names the first pair', { timeout: 90_000 }, async () => {
    const { code, stdout, stderr } = await diff('a.sparse#near', 'a.sparse#wide', '--tokens', '100');
    expect(stderr).toBe('');
    expect(code).toBe(1);
    expect(stdout).toContain('a.sparse#near is contained in a.sparse#wide\n');
    expect(stdout).toMatch(/^only in the first +0$/m);
    expect(stdout).toMatch(/^only in the second +708$/m);
    expect(stdout).toMatch(/^first difference +query 8, key 0: only in the second$/m);
    expect((await diff('a.sparse#near', 'a.sparse#far', '--tokens', '100')).stdout).toContain(
      '\n\ndisjoint: no pair is in both\n',
    );
  });

  it('takes an expression for the second, at a million tokens', async () => {
    const { code, stdout } = await diff(
      'a.sparse#wide',
      '--expr',
      'sliding(16) | diagonals([-5])',
      '--tokens',
      '1Mi',
      '--json',
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      format: 'sparse-attention/diff',
      version: 1,
      first: 'a.sparse#wide',
      second: 'sliding(16) | diagonals([-5])',
      tokens: 2 ** 20,
      queries: 2 ** 20,
      layers: 1,
      heads: 1,
      equal: false,
      masks: [
        {
          at: [{ layers: [0], heads: [0] }],
          relation: 'contained',
          onlyFirst: 0,
          onlySecond: 2 ** 20 - 5,
          both: 16 * 2 ** 20 - 120,
          difference: { query: 0, key: 5, heldBy: 'second' },
        },
      ],
    });
  });

  it('compares models in every layer and head', { timeout: 90_000 }, async () => {
    const { code, stdout } = await diff('before.sparse#Base', 'after.sparse');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^layers 0, 2, all 2 heads; layers 1, 3, head 1\nequal$/m);
    expect(stdout).toMatch(/^layers 1, 3, head 0\nbefore\.sparse#Base is contained in after\.sparse#Base$/m);
    expect((await diff('before.sparse#Base', 'after.sparse', '--layer', '1', '--head', '1')).code).toBe(0);
  });

  it.each<[string, string[], RegExp]>([
    ['lengths that differ', ['before.sparse#Base', 'before.sparse#Long'], /Base has 256 tokens and Long has 512/],
    ['no length', ['a.sparse#near', 'a.sparse#wide'], /--tokens/],
    ['nothing to compare with', ['a.sparse#near'], /FILE#NAME/],
    ['two seconds', ['a.sparse#near', 'one.sparse', '--expr', 'full()'], /either B or --expr/],
    ['a file with mistakes', ['a.sparse#near', 'bad.sparse', '--tokens', '9'], /bad\.sparse:1:13: error: .*wnidow/],
    ['a name that is not there', ['a.sparse#nowhere', 'one.sparse', '--tokens', '9'], /no pattern or model nowhere/],
    ['a choice by content', ['a.sparse#near', 'dynamic.sparse', '--tokens', '9'], /chooses keys by content/],
    ['no such layer', ['before.sparse#Base', 'after.sparse', '--layer', '9'], /no layer 9/],
  ])('ends with 2 for %s', async (_, args, message) => {
    const { code, stdout, stderr } = await diff(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(STACK_TRACE);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('works on another length when told to', async () => {
    expect((await diff('before.sparse#Base', 'before.sparse#Long', '--tokens', '300')).code).toBe(0);
  });
});
