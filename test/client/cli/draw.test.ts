import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { unzlibSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { DARK, LIGHT } from '../../../runtime/draw/palette.ts';
import { buildFirst, type Outcome, STACK_TRACE, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
writeFileSync(
  path.join(cwd, 'model.sparse'),
  'pattern mine = sliding(4)\nmodel M { tokens = 16  queries = 8  heads = 2  attention = mine  attention heads [1] = full() }\n',
);
writeFileSync(path.join(cwd, 'taken.png'), 'mine');

const draw = (...args: string[]): Promise<Outcome> => sparse(['draw', ...args], { cwd, env: { NO_COLOR: '1' } });

/** The pixels of a PNG file as `encodePng` writes it: one IDAT, unfiltered rows. */
function pixelsOf(file: string | Uint8Array): {
  width: number;
  height: number;
  at: (x: number, y: number) => number[];
} {
  const bytes = Buffer.from(typeof file === 'string' ? readFileSync(path.join(cwd, file)) : file);
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  const size = bytes.readUInt32BE(33);
  expect(bytes.subarray(37, 41).toString()).toBe('IDAT');
  const rows = unzlibSync(bytes.subarray(41, 41 + size));
  return {
    width,
    height,
    at: (x, y) => [...rows.subarray(Math.floor(y) * (4 * width + 1) + 1 + 4 * Math.floor(x)).subarray(0, 3)],
  };
}

/** Cell by cell from the definition. */
function expectMask(
  { width, at }: ReturnType<typeof pixelsOf>,
  rows: readonly [number, number],
  keys: readonly [number, number],
  isLit: (i: number, j: number) => boolean,
): void {
  const cell = width / (keys[1] - keys[0]);
  for (let i = rows[0]; i < rows[1]; i++)
    for (let j = keys[0]; j < keys[1]; j++) {
      const colour = at((j - keys[0] + 0.5) * cell, (i - rows[0] + 0.5) * cell);
      expect(colour, `${i}, ${j}`).toEqual([...(isLit(i, j) ? LIGHT.parts[0]! : LIGHT.background)]);
    }
}

describe.concurrent('sparse draw in the terminal', () => {
  it('draws every cell of a small mask, two columns wide, and says what it is', async () => {
    const { code, stdout, stderr } = await draw('--expr', 'sliding(2)', '--tokens', '4');
    expect(stdout).toBe('██\n████\n  ████\n    ████\nsliding(2): 4 queries, 4 keys\n- sliding(2)\n');
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('puts two rows into a line where cells are a column wide', async () => {
    const { stdout } = await draw('--expr', 'causal()', '--tokens', '5', '--size', '5', '--no-legend');
    expect(stdout).toBe('█▄\n███▄\n▀▀▀▀▀\n');
  });

  it('shades what is many cells', async () => {
    const { stdout } = await draw(
      '--expr',
      'block(1024) | strided(4)',
      '--tokens',
      '4Ki',
      '--size',
      '16',
      '--no-legend',
    );
    const lines = stdout.split('\n').slice(0, 8);
    expect(lines[0]!.slice(0, 4)).toBe('████');
    expect(lines[0]!.slice(4)).toMatch(/^[░▒▓]{12}$/);
    expect(lines[7]).toMatch(/^[░▒▓]{12}████$/);
  });

  it('uses colours where there are some, 24-bit where the terminal has them', async () => {
    const args = ['draw', '--expr', 'sliding(2)', '--tokens', '2'];
    const rich = await sparse(args, { cwd, env: { NO_COLOR: '', FORCE_COLOR: '1', COLORTERM: 'truecolor' } });
    expect(rich.stdout).toContain(`38;2;${DARK.parts[0]!.join(';')};`);
    const plain = await sparse(args, { cwd, env: { NO_COLOR: '', FORCE_COLOR: '1', COLORTERM: '' } });
    expect(plain.stdout).toMatch(/38;5;\d+;48;5;\d+m▀/);
    expect(plain.stdout).not.toContain('38;2;');
  });

  it('draws one token, a part, and a layer and head', async () => {
    expect((await draw('--expr', 'full()', '--tokens', '1', '--no-legend')).stdout).toBe('██\n');
    expect((await draw('model.sparse', '--head', '1', '--no-legend')).stdout).toBe(
      `${`${'█'.repeat(32)}\n`.repeat(8)}`,
    );
    const part = await draw('--expr', 'sliding(2)', '--tokens', '1Mi', '--crop', '1000..1002,999..1002');
    expect(part.stdout).toMatch(
      /^████\n {2}████\nsliding\(2\): queries 1,000..1,002, keys 999..1,002 of 1,048,576 queries/,
    );
  });
});

describe.concurrent('sparse draw to a file', () => {
  it('writes a PNG of the mask', async () => {
    const { code, stderr } = await draw('model.sparse', '--head', '0', '--out', 'mask.png', '--size', '64');
    expect(stderr).toMatch(/^wrote mask\.png \(\d/);
    expect(code).toBe(0);
    const picture = pixelsOf('mask.png');
    expect([picture.width, picture.height]).toEqual([64, 32]);
    // The last 8 of 16 positions are queries.
    expectMask(picture, [0, 8], [0, 16], (i, j) => 8 + i - j >= 0 && 8 + i - j < 4);
  });

  it('crops to queries and keys, and to what there is', async () => {
    await draw('--expr', 'window(6)', '--tokens', '40', '--crop', '8..12,4..100', '--out', 'crop.png', '--size', '36');
    const picture = pixelsOf('crop.png');
    expect([picture.width, picture.height]).toEqual([36, 4]);
    expectMask(picture, [8, 12], [4, 40], (i, j) => Math.abs(i - j) <= 3);
  });

  it('writes an SVG with or without a legend, on light or dark', async () => {
    await draw('--expr', 'window(6) | global([0])', '--tokens', '40', '--out', 'light.svg');
    const light = readFileSync(path.join(cwd, 'light.svg'), 'utf8');
    expect(light).toContain('>global([0])</text>');
    expect(light).toContain('fill="rgb(255,255,255)"');
    const dark = await draw(
      '--expr',
      'window(6)',
      '--tokens',
      '40',
      '--theme',
      'dark',
      '--no-legend',
      '--out',
      '-',
      '--format',
      'svg',
    );
    expect(dark.stdout).toContain('fill="rgb(30,30,30)"');
    expect(dark.stdout).not.toContain('<text');
    expect(dark.stdout).toContain('transform="scale(25)"');
    expect(dark.stdout).toMatch(/<path fill="rgb\(14,182,252\)" d="M0 0h4v1h-4z/);
  });

  it('replaces a file only when asked', async () => {
    const args = ['--expr', 'full()', '--tokens', '4', '--out', 'taken.png'];
    const refused = await draw(...args);
    expect(refused).toMatchObject({ code: 2, stderr: 'error: taken.png exists already; add --force to replace it\n' });
    expect(readFileSync(path.join(cwd, 'taken.png'), 'utf8')).toBe('mine');
    expect((await draw(...args, '--force')).code).toBe(0);
    expect(pixelsOf('taken.png').width).toBe(1024);
  });

  it.each<[string[], number, RegExp]>([
    [['--out', 'mask.jpg'], 2, /does not end in \.png or \.svg; say with --format/],
    [['--out', '-'], 2, /say with --format png or --format svg/],
    [['--format', 'png'], 2, /--format png needs --out/],
    [['--format', 'gif', '--out', 'a.gif'], 2, /'gif' is invalid. Allowed choices are png, svg/],
    [['--out', 'nowhere/mask.png'], 2, /cannot write nowhere\/mask\.png/],
    [['--size', '0'], 2, /from 1 to 8192/],
    [['--size', '1'], 2, /at least 2 columns/],
    [['--size', '9999', '--out', 'a.png'], 2, /from 1 to 8192/],
    [['--crop', '4..4'], 2, /Write a range of positions/],
    [['--crop', '0..4,0..4,0..4'], 2, /Write a range of positions/],
    [['--crop', 'a..b'], 2, /Write a range of positions/],
    [['--crop', '64..65'], 2, /there are 64 queries, 0 to 63/],
    [['--theme', 'blue'], 2, /Allowed choices are light, dark/],
    [['--json'], 2, /add --out/],
    [['--json', '--out', '-', '--format', 'png'], 2, /--out has to name a file/],
    [['--force'], 2, /--force needs --out/],
  ])('refuses %j', async (args, code, message) => {
    const outcome = await draw('--expr', 'full()', '--tokens', '64', ...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toMatch(STACK_TRACE);
    expect(outcome).toMatchObject({ code, stdout: '' });
  });

  it('says that a pattern that chooses by content has no picture', async () => {
    const { code, stderr } = await draw('--expr', 'topk(4)', '--tokens', '64');
    expect(stderr).toMatch(/^error: .*topk/);
    expect(code).toBe(1);
  });
});
