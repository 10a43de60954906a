import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readNpy, writeNpy } from '../../../runtime/tensor/npy.ts';
import { buildFirst, type Outcome, STACK_TRACE, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
const run = (...args: string[]): Promise<Outcome> => sparse(args, { cwd });

mkdirSync(path.join(cwd, 'masks/folder.npy'), { recursive: true });
writeFileSync(path.join(cwd, 'own.sparse'), 'pattern own = (sliding(5) | random(2, seed: 3)) - fixed(7)\n');
writeFileSync(
  path.join(cwd, 'heads.sparse'),
  'pattern each = mask("masks/heads.npy")\nmodel M {\n  tokens = 8\n  heads = 2\n  attention = each\n}\n',
);
// Head 0 sees everything, head 1 nothing but the first key.
writeFileSync(
  path.join(cwd, 'masks/heads.npy'),
  writeNpy({
    dtype: 'bool',
    shape: [2, 8, 8],
    data: Uint8Array.from({ length: 128 }, (_, e) => Number(e < 64 || e % 8 === 0)),
  }),
);
writeFileSync(
  path.join(cwd, 'broken.sparse'),
  'pattern a = mask("masks/cut.npz")\npattern b = mask("masks/folder.npy")\n',
);
writeFileSync(path.join(cwd, 'masks/cut.npz'), 'PK\u0003\u0004');

describe('a mask that was exported', () => {
  it.each(['npy', 'npz', 'safetensors'])('is the same pattern again: %s', async format => {
    const file = `own.${format}`;
    expect((await run('export', 'own.sparse', '--tokens', '97', '--format', format, '--out', file)).code).toBe(0);
    writeFileSync(
      path.join(cwd, `${format}.sparse`),
      `import { own } from "own.sparse"\npattern back = mask("${file}")\npattern more = back - own\npattern less = own - back\n`,
    );
    const pairs = async (name: string): Promise<unknown> => {
      const { stdout, stderr } = await run('stats', `${format}.sparse`, '--of', name, '--tokens', '97', '--json');
      expect(stderr).toBe('');
      return JSON.parse(stdout).pairs;
    };
    expect(await Promise.all(['more', 'less'].map(pairs))).toEqual([0, 0]);
    expect(await pairs('back')).toBeGreaterThan(97);
    const again = `again.${format}.npy`;
    expect(
      (await run('export', `${format}.sparse`, '--of', 'back', '--tokens', '97', '--format', 'npy', '--out', again))
        .code,
    ).toBe(0);
    await run('export', 'own.sparse', '--tokens', '97', '--format', 'npy', '--out', `own.${format}.npy`);
    expect(readNpy(readFileSync(path.join(cwd, again)))).toEqual(
      readNpy(readFileSync(path.join(cwd, `own.${format}.npy`))),
    );
  });
});

describe('masks for heads', () => {
  it.each(['each', 'M'])('%s has a mask for each', async name => {
    for (const [head, pairs] of [
      [0, 64],
      [1, 8],
    ]) {
      const { stdout } = await run(
        'stats',
        'heads.sparse',
        '--of',
        name,
        '--tokens',
        '8',
        '--head',
        `${head}`,
        '--json',
      );
      expect(JSON.parse(stdout)).toMatchObject({ head, heads: 2, pairs });
    }
    const { code, stderr } = await run('stats', 'heads.sparse', '--of', name, '--tokens', '8', '--head', '2');
    expect([code, stderr]).toEqual([2, `error: there is no head 2: ${name} has heads 0 to 1\n`]);
  });

  it('all run', async () => {
    const { code, stdout, stderr } = await run(
      'run',
      'heads.sparse',
      '--of',
      'each',
      '--tokens',
      '8',
      '--backend',
      'reference',
      '--json',
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ heads: 2, pairs: 72 });
  });
});

describe('paths', () => {
  it('in an expression are relative to the folder of the command', async () => {
    const { stdout, stderr } = await run('stats', '--expr', 'mask("masks/heads.npy")', '--tokens', '8', '--json');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ pairs: 64 });
    const { code, stderr: lost } = await run('stats', '--expr', 'mask("heads.npy")', '--tokens', '8');
    expect(lost).toBe(
      'error: --expr: cannot read "heads.npy": there is no such file or folder (at character 6) [mask-file]\n',
    );
    expect(code).toBe(1);
  });

  it('a pattern of one length says which', async () => {
    const { code, stderr } = await run('stats', 'heads.sparse', '--of', 'each');
    expect([code, stderr]).toEqual([
      2,
      'error: each is a pattern, which has no length of its own; add --tokens: "masks/heads.npy" holds a mask of 8 x 8\n',
    ]);
    const other = await run('stats', 'heads.sparse', '--of', 'each', '--tokens', '9');
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('"masks/heads.npy" holds a mask of 8 x 8, but n is 9');
  });

  it('of what is no mask are mistakes with a place', async () => {
    const { code, stdout, stderr } = await run('check', 'broken.sparse');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^broken\.sparse:1:18: error: cannot use "masks\/cut\.npz" as a mask: .* \[mask-file\]$/);
    expect(lines[1]).toMatch(
      /^broken\.sparse:2:18: error: cannot read "masks\/folder\.npy": it is a folder.* \[mask-file\]$/,
    );
    expect(stderr).not.toMatch(STACK_TRACE);
    expect(code).toBe(1);
  });
});
