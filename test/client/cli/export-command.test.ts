import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatNames } from '../../../runtime/export/format-names.ts';
import { readNpy } from '../../../runtime/tensor/npy.ts';
import { buildFirst, type Outcome, sparse } from './command-line.ts';
import { expectFailure, folderOfFiles } from './folder-of-files.ts';

buildFirst();
const cwd = folderOfFiles();

/** The same once more, for what writes nothing: tests run side by side, and others leave unfinished files for a moment. */
const untouched = folderOfFiles();

const run = (...args: string[]): Promise<Outcome> => sparse(args, { cwd });

describe.concurrent('sparse export', () => {
  const subject = ['--expr', 'sliding(4)', '--tokens', '8'];

  it.each([...formatNames.filter(({ beside, exactFor }) => !beside && !exactFor).map(({ id }) => id), 'npz'])(
    'writes %s, the same bytes every time',
    async format => {
      const args = [
        'export',
        'longformer.sparse',
        '--of',
        'longformer',
        '--tokens',
        '100',
        '--format',
        format,
        '--out',
      ];
      const { code, stdout, stderr } = await run(...args, `${format}-1`);
      expect(code).toBe(0);
      expect(stdout).toBe('');
      expect(stderr).toMatch(new RegExp(`^wrote ${format}-1 \\(.*\\)\\n$`));
      await run(...args, `${format}-2`);
      const first = readFileSync(path.join(cwd, `${format}-1`));
      expect(first.length).toBeGreaterThan(100);
      expect(readFileSync(path.join(cwd, `${format}-2`)).equals(first)).toBe(true);
    },
  );

  it('writes the mask of the head that was asked for', async () => {
    const args = ['--layer', '6', '--head', '0', '--tokens', '12', '--format', 'npy', '--out', 'head.npy'];
    expect((await run('export', 'longformer.sparse', ...args)).code).toBe(0);
    const mask = readFileSync(path.join(cwd, 'head.npy')).subarray(128);
    const expected = Array.from({ length: 144 }, (_, at) => ((Math.floor(at / 12) - (at % 12)) % 4 === 0 ? 1 : 0));
    expect([...mask]).toEqual(expected);
  });

  it('writes the mask of any head of a pattern', async () => {
    const args = ['--expr', 'columns([head])', '--tokens', '5', '--head', '3', '--format', 'npy', '--out', 'any.npy'];
    expect(await run('export', ...args)).toMatchObject({ code: 0 });
    const mask = readFileSync(path.join(cwd, 'any.npy')).subarray(128);
    expect([...mask]).toEqual(Array.from({ length: 25 }, (_, at) => (at % 5 === 3 ? 1 : 0)));
  });

  it('writes the same bytes to stdout when asked, and nothing else', async () => {
    const args = ['export', ...subject, '--format', 'npz', '--out'];
    const outcome = await sparse([...args, '-'], { cwd, stdout: path.join(cwd, 'piped.npz') });
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect((await run(...args, 'named.npz')).code).toBe(0);
    expect(readFileSync(path.join(cwd, 'piped.npz')).equals(readFileSync(path.join(cwd, 'named.npz')))).toBe(true);
    expect(readdirSync(cwd)).not.toContain('-');
    const { stdout } = await run('export', ...subject, '--format', 'json', '--out', '-');
    expect(JSON.parse(stdout)).toMatchObject({ tokens: 8, pairs: 26 });
  });

  it('names every word that --format takes, and - for stdout', async () => {
    const { stdout } = await run('export', '--help');
    const text = stdout.replace(/\s+/g, ' ');
    expect(text).toContain('kind of file: npy, npz-dense, bits, csr (or npz), bsr, safetensors, flex');
    expect(text).toMatch(/--out <PATH> the file to write; - for stdout/);
  });

  it('replaces an existing file only when asked', async () => {
    const old = 'x'.repeat(100_000);
    writeFileSync(path.join(cwd, 'old.json'), old);
    const args = ['export', '--expr', 'full()', '--tokens', '3', '--format', 'json', '--out', 'old.json'];
    expectFailure(await run(...args), 2, /old\.json exists already; add --force to replace it$/m);
    expect(readFileSync(path.join(cwd, 'old.json'), 'utf8')).toBe(old);
    expect((await run(...args, '--force')).code).toBe(0);
    expect(JSON.parse(readFileSync(path.join(cwd, 'old.json'), 'utf8'))).toMatchObject({ pairs: 9, name: 'full()' });
  });

  it.each<[string, string[], number, RegExp]>([
    [
      'an unknown format',
      [...subject, '--format', 'jpg', '--out', 'x'],
      2,
      /no format jpg; choose one of npy, .*csr \(or npz\), .*json/,
    ],
    ['no format', [...subject, '--out', 'x'], 2, /'--format <ID>' not specified/],
    ['no path', [...subject, '--format', 'npy'], 2, /'--out <PATH>' not specified/],
    ['a folder', [...subject, '--format', 'npy', '--out', 'folder'], 2, /cannot write folder: it is a folder/],
    [
      'a missing folder',
      [...subject, '--format', 'npy', '--out', 'no/x.npy'],
      2,
      /cannot write no\/x\.npy: .*no such file or folder/,
    ],
    ['a file as a folder', [...subject, '--format', 'npy', '--out', 'one.sparse/x'], 2, /cannot write one\.sparse\/x/],
    [
      'a mask that is too large',
      ['--expr', 'sliding(4)', '--tokens', '1Mi', '--format', 'npy', '--out', 'x.npy'],
      2,
      /GiB/,
    ],
    ['a file with errors', ['bad.sparse', '--format', 'npy', '--out', 'x.npy'], 1, /bad\.sparse:1:20: error/],
    [
      'a plan that is too long',
      ['--expr', 'full()', '--tokens', '1Mi', '--format', 'safetensors', '--out', 'x.npy'],
      1,
      /would list 268435456 tiles \(at most 67108864\); use a smaller n$/m,
    ],
    [
      'a pattern that chooses by content',
      ['dynamic.sparse', '--tokens', '8', '--format', 'npy', '--out', 'x.npy'],
      1,
      /^error: dynamic chooses keys by content: .* add --input with a .safetensors file of q, k and v/,
    ],
  ])('refuses %s and writes nothing', async (_what, args, code, message) => {
    const before = readdirSync(untouched);
    expectFailure(await sparse(['export', ...args], { cwd: untouched }), code, message);
    expect(readdirSync(untouched)).toEqual(before);
  });

  it('writes a second file beside the first, and replaces neither unasked', async () => {
    const args = ['export', ...subject, '--format', 'flex', '--out'];
    const { code, stderr } = await run(...args, 'pair.py');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^wrote pair\.safetensors \(.*\)\nwrote pair\.py \(.*\)\n$/);
    expect(readFileSync(path.join(cwd, 'pair.py'), 'utf8')).toContain('KEYS = 8');
    rmSync(path.join(cwd, 'pair.py'));
    expectFailure(await run(...args, 'pair.py'), 2, /pair\.safetensors exists already/);
    expect(readdirSync(cwd)).not.toContain('pair.py');
    expect((await run(...args, 'pair.py', '--force')).code).toBe(0);
    expectFailure(await run(...args, '-'), 2, /flex writes two files, which do not fit on stdout/);
    expectFailure(await run(...args, 'x.safetensors'), 2, /second file with the ending \.safetensors/);
    expect(readdirSync(cwd)).not.toContain('x.safetensors');
  });

  it('writes a second file only where the mask needs one', async () => {
    const past = await run('export', '--expr', 'sliding(5)', '--tokens', '20', '--format', 'hf', '--out', 'past.json');
    expect(past.stderr).toMatch(/^wrote past\.json \(.*\)\n$/);
    expect(JSON.parse(readFileSync(path.join(cwd, 'past.json'), 'utf8'))).toEqual({ decoder: { sliding_window: 5 } });
    const { stderr } = await run('export', 'encoder.sparse', '--format', 'hf', '--out', 'base.json');
    expect(stderr).toMatch(/^wrote base\.safetensors \(.*\)\nwrote base\.json \(.*\)\n$/);
    const { longformer } = JSON.parse(readFileSync(path.join(cwd, 'base.json'), 'utf8'));
    // All layers, whichever was meant.
    expect(longformer.attention_window).toEqual([8, 8, 8]);
    const mixed = ['--of', 'Base', '--format', 'hf', '--out', 'mixed.json'];
    expectFailure(await run('export', 'longformer.sparse', ...mixed), 2, /layer 6: .*heads 0 and 2 differ/);
  });

  it('leaves no second file of an earlier export that this mask does not need', async () => {
    const subjects = { past: ['--expr', 'sliding(5)', '--tokens', '20'], base: ['encoder.sparse'] };
    const of = (subject: keyof typeof subjects, ...more: string[]) =>
      run('export', ...subjects[subject], '--format', 'hf', '--out', 'stale.json', ...more);
    const files = () =>
      readdirSync(cwd)
        .filter(name => name.startsWith('stale.'))
        .sort();
    expect((await of('base')).code).toBe(0);
    expect(files()).toEqual(['stale.json', 'stale.safetensors']);
    // Only the file itself is in the way.
    expectFailure(await of('past'), 2, /stale\.json exists already/);
    rmSync(path.join(cwd, 'stale.json'));
    const beside = await of('past');
    expect(beside.stderr).toMatch(
      /^wrote stale\.json \(.*\)\nnote: stale\.safetensors is not part of this export: this mask needs no second file\n$/,
    );
    expect(files()).toEqual(['stale.json', 'stale.safetensors']);
    const { stdout, stderr } = await of('past', '--force', '--json');
    expect(stderr).toMatch(
      /\nremoved stale\.safetensors, which an earlier export had written and this mask does not need\n$/,
    );
    expect(JSON.parse(stdout)).toMatchObject({ files: [{ path: 'stale.json' }], removed: ['stale.safetensors'] });
    expect(files()).toEqual(['stale.json']);
    // Somebody else's.
    writeFileSync(path.join(cwd, 'stale.safetensors'), 'mine');
    expect((await of('past', '--force')).stderr).toMatch(/\nnote: stale\.safetensors is not part of this export/);
    expect(readFileSync(path.join(cwd, 'stale.safetensors'), 'utf8')).toBe('mine');
  });

  it('makes a file while it is written, in memory that does not follow its size', async () => {
    const script =
      "import { isMainThread } from 'node:worker_threads'; if (isMainThread) process.on('exit', () => console.error(`used ${process.resourceUsage().maxRSS}`));";
    const kibibytes = async (tokens: string, out: string): Promise<number> => {
      const args = ['--expr', 'causal()', '--tokens', tokens, '--format', 'npy', '--out', out];
      const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}` };
      const { code, stderr } = await sparse(['export', ...args], {
        cwd,
        env,
        ...(out === '-' && { stdout: '/dev/null' }),
      });
      expect(code).toBe(0);
      return Number(/used (\d+)/.exec(stderr)?.[1]);
    };
    const [little, much, piped] = [
      await kibibytes('64', 'little.npy'),
      await kibibytes('16Ki', 'much.npy'),
      await kibibytes('16Ki', '-'),
    ];
    expect(little).toBeGreaterThan(20 * 1024);
    expect(statSync(path.join(cwd, 'much.npy')).size).toBe(128 + 2 ** 28);
    rmSync(path.join(cwd, 'much.npy'));
    // Of 256 MiB.
    expect(much - little).toBeLessThan(112 * 1024);
    expect(piped - little).toBeLessThan(112 * 1024);
  });

  it('writes the masks of all heads of a model', async () => {
    const args = ['export', 'longformer.sparse', '--of', 'Base', '--layer', '6', '--tokens', '20'];
    expect((await run(...args, '--all-heads', '--format', 'npy', '--out', 'heads.npy')).code).toBe(0);
    const all = readNpy(readFileSync(path.join(cwd, 'heads.npy')));
    expect(all.shape).toEqual([12, 20, 20]);
    for (const head of [0, 1, 2, 11]) {
      expect((await run(...args, '--head', `${head}`, '--format', 'npy', '--out', `head-${head}.npy`)).code).toBe(0);
      const one = readNpy(readFileSync(path.join(cwd, `head-${head}.npy`)));
      expect(Buffer.from(one.data).equals(Buffer.from(all.data.subarray(400 * head, 400 * (head + 1))))).toBe(true);
    }
    const refused = ['--format', 'npy', '--out', 'x.npy'];
    expectFailure(await run(...args, '--all-heads', '--head', '1', ...refused), 2, /--all-heads.*--head/);
    expectFailure(await run('export', ...subject, '--all-heads', ...refused), 2, /no heads of its own/);
    expectFailure(await run(...args, '--all-heads', '--format', 'csr', '--out', 'x.npz'), 2, /one head, not of all/);
  });

  it('rounds up to whole blocks only when asked, and says what that adds', async () => {
    const args = ['export', '--expr', 'causal()', '--tokens', '32', '--format', 'triton-layout', '--out', 'layout'];
    expectFailure(await run(...args), 2, /whole blocks of 16 x 16.*\(query 0, key 1\).*formats can: npy, /);
    const { code, stderr } = await run(...args, '--approximate');
    expect(code).toBe(0);
    // Two blocks on the diagonal, 120 pairs of each above it.
    expect(stderr).toMatch(/^allows 240 pairs that the mask does not have\nwrote layout \(.*\)\n$/);
  });

  it('refuses a folder without permission', async () => {
    if (process.getuid?.() === 0) {
      // Nothing is forbidden to root: /proc takes no files from anyone.
      expectFailure(
        await run('export', ...subject, '--format', 'npy', '--out', '/proc/x.npy'),
        2,
        /cannot write \/proc/,
      );
      return;
    }
    mkdirSync(path.join(cwd, 'closed'));
    chmodSync(path.join(cwd, 'closed'), 0o500);
    expectFailure(await run('export', ...subject, '--format', 'npy', '--out', 'closed/x.npy'), 2, /permission denied/);
  });
});
