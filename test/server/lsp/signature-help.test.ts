import { describe, expect, test } from 'vitest';
import { FUNCTION_NAMES } from '../../../runtime/pattern/ir.ts';
import { primitives } from '../../../runtime/pattern/primitives.ts';
import type { Files } from '../open-file.ts';
import { openDocument } from './open-document.ts';

async function help(marked: string, files: Files = {}) {
  const { services, document, marks } = await openDocument(marked, files);
  const [position] = marks;
  if (position === undefined) throw new Error('no mark');
  return services.sparse.lsp.SignatureHelp?.provideSignatureHelp(document, {
    textDocument: { uri: document.uri.toString() },
    position,
  });
}

/** Label and the parameter that is marked in it. */
async function marked(text: string, files: Files = {}): Promise<[string, string | undefined] | undefined> {
  const found = await help(text, files);
  const [signature] = found?.signatures ?? [];
  if (signature === undefined) return undefined;
  const place = signature.parameters?.[found?.activeParameter ?? 0]?.label;
  return [signature.label, Array.isArray(place) ? signature.label.slice(...place) : undefined];
}

describe('signature help', () => {
  test('every primitive and function marks each of its parameters', async () => {
    for (const [name, { parameters }] of primitives)
      for (const [index, parameter] of parameters.entries()) {
        const found = await help(`pattern a = ${name}(${'1, '.repeat(index)}<|>`);
        const { label, documentation } = found?.signatures[0]?.parameters?.[index] ?? {};
        expect(found?.activeParameter).toBe(index);
        expect(JSON.stringify(documentation)).toContain(JSON.stringify(parameter.documentation).slice(1, -1));
        const text = Array.isArray(label) ? found?.signatures[0]?.label.slice(...label) : undefined;
        expect(text).toMatch(new RegExp(`^${parameter.name}\\??: ${parameter.type}`));
      }
    for (const name of FUNCTION_NAMES) expect((await marked(`const a = ${name}(<|>`))?.[1]).toBe('a');
  });

  test('declared patterns, those of other files, and their documentation', async () => {
    const text =
      '/** Mine. */\npattern mine(size = 4, /** Where. */ at = [0, 1]) = window(size) | global(at)\npattern b = ';
    const label = 'mine(size: number = 4, at: positions = [0, 1])';
    expect(await marked(`${text}mine(<|>)`)).toEqual([label, 'size: number = 4']);
    expect(await marked(`${text}mine(3, <|>)`)).toEqual([label, 'at: positions = [0, 1]']);
    const found = await help(`${text}mine(<|>)`);
    expect(found?.signatures[0]?.documentation).toMatchObject({ value: 'Mine.' });
    expect(found?.signatures[0]?.parameters?.[1]?.documentation).toMatchObject({ value: 'Where.' });
    const files = { 'other.sparse': 'pattern theirs(x = 1, y = 2) = window(x + y)' };
    expect(await marked('import { theirs } from "other.sparse"\npattern a = theirs(1, <|>', files)).toEqual([
      'theirs(x: number = 1, y: number = 2)',
      'y: number = 2',
    ]);
  });

  test('named arguments mark their own parameter', async () => {
    expect((await marked('pattern a = window(8, dilation: <|>'))?.[1]).toMatch(/^dilation/);
    expect((await marked('pattern a = window(before: 3, after: 1<|>)'))?.[1]).toMatch(/^after/);
    expect((await marked('pattern a = window(nothing: 1<|>)'))?.[1]).toBeUndefined();
    expect((await marked('pattern a = causal(1, 2, <|>)'))?.[1]).toBeUndefined();
    expect(await marked('const a = min(1, 2, 3<|>)')).toEqual(['min(a, b, ...)', '...']);
  });

  test('the innermost call, through lists and parentheses', async () => {
    expect((await marked('pattern a = blocked(64, window(<|>'))?.[0]).toMatch(/^window/);
    expect((await marked('pattern a = blocked(64, window(8)<|>'))?.[0]).toMatch(/^blocked/);
    expect((await marked('pattern a = random(3, seed: (1 + <|>'))?.[1]).toMatch(/^seed/);
    expect((await marked('pattern a = global([1, 2, <|>'))?.[0]).toMatch(/^global/);
    expect((await marked('pattern a(size = min(1, <|>'))?.[0]).toMatch(/^min/);
    expect((await marked('model M { attention heads [max(<|>'))?.[0]).toMatch(/^max/);
  });

  test.each([
    'pattern a = <|>window(3)',
    'pattern a = window(3)<|>',
    'pattern a(<|>',
    'pattern a(x = (<|>',
    'pattern a = where (<|>',
    'pattern a = window( // <|>',
    'pattern a = window( /* <|>',
    'pattern a = nobody(<|>',
    'pattern a = window(\npattern b = <|>',
    'model M { tokens = min(\n heads = <|>',
    'import { <|>',
    '<|>',
  ])('none in %s', async text => {
    expect(await help(text)).toBeUndefined();
  });
});
