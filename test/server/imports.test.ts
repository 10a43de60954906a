import { describe, expect, test } from 'vitest';
import { createLanguage } from '../../server/language.ts';
import { bare, diagnose, type Files, openFile, pattern } from './open-file.ts';

const LIBRARY =
  '/** wide */\npattern wide(size = 64) = window(size)\nconst base = 4\npattern needs(p: pattern) = p & causal()';

describe('imports', () => {
  test('bring in patterns and constants, with their own meaning', async () => {
    const text = 'import { wide, base, needs } from "./library.sparse"\npattern it = needs(wide(base))';
    expect(await diagnose(text, { 'library.sparse': LIBRARY })).toEqual([]);
    const node = await pattern(text, { 'library.sparse': LIBRARY });
    expect(bare(node)).toMatchObject({
      pattern: {
        name: 'needs',
        pattern: {
          left: { name: 'wide', pattern: { args: { size: { value: { name: 'size', value: { name: 'base' } } } } } },
        },
      },
    });
  });

  test('are relative to their own file and work through several', async () => {
    const files: Files = {
      'deep/a.sparse': 'import { b } from "../b.sparse"\npattern a = b',
      'b.sparse': 'import { c } from "deep/c.sparse"\npattern b = c(2)',
      'deep/c.sparse': 'pattern c(size) = sliding(size)',
    };
    expect(await diagnose('import { a } from "./deep/a.sparse"\nmodel M { tokens = 8 attention = a }', files)).toEqual(
      [],
    );
  });

  test('hide nothing but themselves: constants of the other file keep their value', async () => {
    const files = { 'lib.sparse': 'const size = 3\npattern p = sliding(size)' };
    const node = await pattern('import { p } from "lib.sparse"\nconst size = 5\npattern it = p', files);
    expect(bare(node)).toMatchObject({ pattern: { pattern: { args: { size: { value: { value: { value: 3 } } } } } } });
  });

  const cases: readonly (readonly [string, string, Files, ...string[]])[] = [
    [
      'a missing file',
      'import { x } from "./no.sparse"\npattern a = x(3)',
      {},
      'error import-file "\\"./no.sparse\\""',
    ],
    ['no path', 'import { x } from ""\npattern a = x', {}, 'error import-file "\\"\\""'],
    [
      'a missing name',
      'import { x } from "l.sparse"\npattern a = x',
      { 'l.sparse': 'pattern y = full()' },
      'error import-name "x"',
    ],
    [
      'the same name twice',
      'import { y, y } from "l.sparse"',
      { 'l.sparse': 'pattern y = full()' },
      'error duplicate-name "y"',
    ],
    [
      'a name of this file',
      'import { y } from "l.sparse"\npattern y = none()',
      { 'l.sparse': 'pattern y = full()' },
      'error duplicate-name "y"',
    ],
    [
      'itself',
      'import { a } from "./main.sparse"\npattern a = full()',
      {},
      'error import-cycle "\\"./main.sparse\\""',
      'error duplicate-name "a"',
    ],
    [
      'a file that comes back',
      'import { x } from "l.sparse"\npattern a = x',
      { 'l.sparse': 'import { a } from "main.sparse"\npattern x = a' },
      'error import-cycle "\\"l.sparse\\""',
    ],
    [
      'others that go in circles',
      'import { x } from "l.sparse"\npattern a = x',
      {
        'l.sparse': 'import { y } from "m.sparse"\npattern x = y',
        'm.sparse': 'import { x } from "l.sparse"\npattern y = x',
      },
      'error import-cycle "\\"l.sparse\\""',
    ],
    [
      'names that were not imported',
      'import { y } from "l.sparse"\npattern a = z',
      { 'l.sparse': 'pattern y = full()\npattern z = y' },
      'error unknown-name "z"',
    ],
    [
      'a pattern with a mistake at home',
      'import { y } from "l.sparse"\npattern a = y',
      { 'l.sparse': 'pattern y = windw(3)' },
      'error wrong-type "y"',
    ],
    [
      'a value that the other file refuses',
      'import { y } from "l.sparse"\npattern a = full() | y(-3)',
      { 'l.sparse': 'pattern y(s) = window(s)' },
      'error argument-range "-3"',
    ],
    [
      'a value that it makes into one it refuses',
      'import { y } from "l.sparse"\npattern a = full() | y(-3)',
      { 'l.sparse': 'pattern y(s) = window(s * 2)' },
      'error argument-range "y(-3)"',
    ],
  ];
  test.each(cases.map(([what, text, files, ...expected]) => [what, text, files, expected] as const))(
    '%s',
    async (_, text, files, expected) => {
      expect(await diagnose(text, files)).toEqual(expected);
    },
  );

  test.each([
    ['pattern y = windw(3)', 'in "l.sparse", line 1: there is no `windw`; did you mean `window`?'],
    ['const c = 3\npattern y = sliding(c) + full()', 'in "l.sparse", line 2: `+` does not combine patterns'],
    ['pattern y = ', 'in "l.sparse", line 1: expected an expression'],
    ['pattern y = z\npattern z = global(3)', 'in "l.sparse", line 2: tokens of global takes a list'],
    ['pattern y = window(1 -\n  4)', 'in "l.sparse", line 1: window\'s size must be at least 0, got -3'],
    ['import { q } from "no.sparse"\npattern y = q', 'in "l.sparse", line 2: `q` cannot be imported from "no.sparse"'],
    ['import { q } from "m.sparse"\npattern y = q', 'in "m.sparse", line 3: there is no `windw`'],
    ['pattern 7 = full()', '"l.sparse" declares no `y`; that file has mistakes in its syntax, the first in line 1'],
  ])('a file with a mistake is named, with the mistake: %s', async (text, message) => {
    const files = { 'l.sparse': text, 'm.sparse': '// m\n\npattern q = windw(3)' };
    const { diagnostics } = await openFile('import { y } from "l.sparse"\npattern a = y', files);
    expect(diagnostics.map(each => each.message)).toEqual([expect.stringContaining(message)]);
  });

  test('a module that the library does not have', async () => {
    const message = async (text: string) => (await openFile(text)).diagnostics[0]?.message;
    expect(await message('import { x } from "sparse:longfromer"')).toContain('did you mean "sparse:longformer"?');
    expect(await message('import { x } from "sparse:gemma.sparse"')).toContain('did you mean "sparse:gemma"?');
    expect(await message('import { gpt_oss } from "sparse:openai"')).toContain('did you mean "sparse:gpt-oss"?');
    expect(await message('import { x } from "sparse:zzzzzzzzzz"')).toContain('it has axial, bigbird,');
  });

  test('a changed file changes those that import it', async () => {
    const texts = new Map([['memory:/l.sparse', 'pattern y = full()']]);
    const language = createLanguage({ readFile: uri => Promise.resolve(texts.get(uri) ?? null) });
    const main = 'import { y } from "l.sparse"\npattern a = y';
    expect((await language.open('memory:/main.sparse', main)).errors).toBe(0);
    await language.open('memory:/l.sparse', 'pattern z = full()');
    expect((await language.open('memory:/main.sparse', `${main} `)).diagnostics.map(({ code }) => code)).toEqual([
      'import-name',
    ]);
    await language.open('memory:/l.sparse', 'pattern y = none()');
    const again = await language.open('memory:/main.sparse', main);
    expect(again.errors).toBe(0);
    expect(bare(again.lower('a').rules[0]?.pattern)).toMatchObject({ pattern: { pattern: { name: 'none' } } });
  });

  test('files are read once, and only those that are imported', async () => {
    const asked: string[] = [];
    const language = createLanguage({
      readFile: uri => {
        asked.push(uri);
        return Promise.resolve('pattern y = full()');
      },
    });
    await language.open('memory:/main.sparse', 'import { y } from "l.sparse"\npattern a = y');
    expect(asked).toEqual(['memory:/l.sparse']);
  });
});

test('the completed import sees its declarations in order', async () => {
  const file = await openFile('import { wide } from "library.sparse"\npattern a = wide', { 'library.sparse': LIBRARY });
  expect(file.declarations().map(({ name }) => name)).toEqual(['a']);
});
