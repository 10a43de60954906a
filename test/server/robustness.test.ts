import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLanguage, LowerError } from '../../server/language.ts';

const examples = join(import.meta.dirname, '../../examples');
const files = new Map(
  readdirSync(examples, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.sparse'))
    .map(name => [`memory:/${name.replaceAll('\\', '/')}`, readFileSync(join(examples, name), 'utf8')]),
);
const language = createLanguage({
  readFile: uri => Promise.resolve(files.get(uri) ?? null),
  readBytes: async uri => readFileSync(join(examples, uri.replace('memory:/', ''))),
});

/** Opens anything: no exception, no diagnostic of our own failure, and every declaration lowers or says why not. */
async function survives(text: string, uri = 'memory:/any.sparse'): Promise<void> {
  const file = await language.open(uri, text);
  for (const { code, message, span } of file.diagnostics) {
    expect(code, message).not.toBe('internal');
    expect(message).not.toMatch(/undefined|\[object|TypeError/);
    expect(span.start).toBeGreaterThanOrEqual(0);
    expect(span.end).toBeLessThanOrEqual(Math.max(1, text.length));
    expect(span.start).toBeLessThanOrEqual(span.end);
  }
  for (const { name } of file.declarations())
    try {
      const model = file.lower(name, { tokens: 64 });
      expect(JSON.parse(JSON.stringify(model))).toEqual(model);
    } catch (error) {
      if (!(error instanceof LowerError)) throw error;
      if (file.errors === 0 && !/needs .*default|queries but only 64 tokens/.test(error.message)) throw error;
    }
}

test.each([...files])('%s opens cleanly', async (uri, text) => {
  const file = await language.open(uri, text);
  expect(file.diagnostics).toEqual([]);
  expect(file.declarations().length).toBeGreaterThan(0);
  await survives(text, uri);
});

test('the example of the language keeps its numbers', async () => {
  const file = await language.open('memory:/longformer.sparse', files.get('memory:/longformer.sparse') ?? '');
  expect(file.lower('LongformerBase')).toMatchObject({ tokens: 4096, layers: 12, heads: 12, headDim: 64 });
});

describe('unfinished files', () => {
  test.each([...files])('every beginning of %s', { timeout: 120_000 }, async (_, text) => {
    for (let end = 0; end <= text.length; end++) await survives(text.slice(0, end));
  });

  const tokens = fc.constantFrom(
    ...'import const pattern model attention where true false layers heads step from n head layer window global blocked causal random min floor size tokens dim M a b i j x'.split(
      ' ',
    ),
    ...'( ) [ ] { } , : = == != < <= => + - * / % ** & | && || ! ? .. " "s" /* */ /** // \n'.split(' '),
    ...'0 1 -1 4Ki 0.5 1e3 4_096 9999999999999999999999 @ # \u0000 é'.split(' '),
  );

  test('any tokens in any order', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tokens, { maxLength: 60 }), async words => survives(words.join(' '))),
      { numRuns: 400 },
    );
  });

  test('files with some tokens changed', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files.values()),
        fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), remove: fc.nat(12), insert: tokens }), {
          minLength: 1,
          maxLength: 4,
        }),
        async (text, edits) => {
          const edited = edits.reduce((before, { at, remove, insert }) => {
            const from = Math.floor(at * before.length);
            return `${before.slice(0, from)} ${insert} ${before.slice(from + remove)}`;
          }, text);
          await survives(edited);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a pattern whose body was lost behind another mistake', async () => {
    await survives('!\npattern a(radius causal= 64) = window(radius: radius)\npattern b(x) causal = window(x)');
    const text = files.get('memory:/classification.sparse') ?? '';
    expect(text).toContain('classifier(radius = 64');
    await survives(`!${text.slice(3).replace('classifier(radius =', 'classifier(radius causal=')}`);
  });

  test('any characters', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async text => survives(text)),
      { numRuns: 200 },
    );
  });
});

describe('deep nesting ends in an error', () => {
  test.each([
    ['parentheses', `pattern a = ${'('.repeat(20_000)}full()${')'.repeat(20_000)}`],
    ['complements', `pattern a = ${'!'.repeat(20_000)}full()`],
    ['minus signs', `pattern a = window(${'-'.repeat(20_000)}1)`],
    ['open brackets', '['.repeat(20_000)],
    ['choices', `pattern a = ${'n > 1 ? full() : '.repeat(10_000)}none()`],
    ['unions', `pattern a = full()${' | full()'.repeat(20_000)}`],
    ['sums', `pattern a = window(1${' + 1'.repeat(20_000)})`],
    ['calls', `pattern a = ${'blocked(2, '.repeat(5000)}full()${')'.repeat(5000)}`],
  ])('%s', { timeout: 60_000 }, async (_, text) => {
    await survives(text);
    // The next file is read as if nothing had happened.
    expect((await language.open('memory:/next.sparse', 'pattern a = full()')).diagnostics).toEqual([]);
  });

  test('a long list is no deep nesting', { timeout: 60_000 }, async () => {
    const listed = (numbers: number) => `pattern a = global([${'1, '.repeat(numbers)}2]) | causal()`;
    const file = await language.open('memory:/list.sparse', listed(20_000));
    expect(file.diagnostics).toEqual([]);
    expect(file.lower('a', { tokens: 64 }).rules).toHaveLength(1);
    // More nodes than a call may have arguments.
    const { diagnostics } = await language.open('memory:/longer.sparse', listed(100_000));
    expect(new Set(diagnostics.map(({ code }) => code))).toEqual(new Set(['too-large']));
    expect(diagnostics[0]?.message).toContain('mask(...)');
  });

  test('a chain of a thousand unions is nothing unusual', async () => {
    const file = await language.open('memory:/long.sparse', `pattern a = full()${' | window(3)'.repeat(1000)}`);
    expect(file.diagnostics).toEqual([]);
    expect(file.lower('a').rules).toHaveLength(1);
  });
});
