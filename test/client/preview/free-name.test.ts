import { expect, test } from 'vitest';
import { withFreeName } from '../../../client/preview/free-name.ts';

const text = '/**\n * Suggested for pattern files.\n */\npattern suggested = sliding(4)\n';

test('a suggestion keeps its name where that is free', () => {
  expect(withFreeName(text, 'pattern mine = sliding(9)')).toEqual({ name: 'suggested', text });
  expect(withFreeName('/** x */\nmodel Suggested {\n}\n', text)?.name).toBe('Suggested2');
  expect(withFreeName('/** x */\nmodel Suggested {\n}\n', 'pattern suggested = full()')?.name).toBe('Suggested');
});

test('it gets a number where something has its name, whatever that is', () => {
  for (const others of [
    text,
    'const suggested = 4',
    'import { suggested } from "x"',
    'pattern p(suggested = 3) = full()',
  ])
    expect(withFreeName(text, others)).toEqual({
      name: 'suggested2',
      text: text.replace('pattern suggested', 'pattern suggested2'),
    });
  expect(withFreeName(text, `${text}pattern suggested2 = suggested`)?.name).toBe('suggested3');
});

test('what declares nothing is not inserted', () => {
  expect(withFreeName('// nothing', '')).toBeUndefined();
});
