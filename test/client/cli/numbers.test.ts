import { describe, expect, it } from 'vitest';
import { bytes, duration, grouped, parseIndex, parseTokens, percent } from '../../../client/cli/numbers.ts';
import { MAX_TOKENS } from '../../../runtime/pattern/shape.ts';

describe('numbers of the command line', () => {
  it.each([
    ['1', 1],
    ['4096', 4096],
    ['4_096', 4096],
    ['4Ki', 4096],
    ['1Mi', 2 ** 20],
    [String(MAX_TOKENS), MAX_TOKENS],
    ['64Mi', 2 ** 26],
    ['1024Mi', MAX_TOKENS],
  ])('reads %s tokens', (text, tokens) => {
    expect(parseTokens(text)).toBe(tokens);
  });

  it.each([
    ['0', /at least 1/],
    ['0Ki', /at least 1/],
    ['', /whole number/],
    ['-1', /whole number/],
    ['1.5', /whole number/],
    ['1e3', /whole number/],
    ['4K', /whole number/],
    ['4 Ki', /whole number/],
    ['_1', /whole number/],
    ['Infinity', /whole number/],
    [String(MAX_TOKENS + 1), /At most 1,073,741,824/],
    ['1025Mi', /At most/],
    ['9'.repeat(400), /At most/],
  ])('refuses %s tokens', (text, message) => {
    expect(() => parseTokens(text)).toThrow(message);
  });

  it('reads layers and heads', () => {
    expect(parseIndex('0')).toBe(0);
    expect(parseIndex('47')).toBe(47);
    for (const text of ['', '-1', '1.0', 'x', '1e2', '9'.repeat(30)]) expect(() => parseIndex(text), text).toThrow();
  });

  it('writes numbers for people', () => {
    expect(grouped(539950334)).toBe('539,950,334');
    expect(grouped(498.81201171875)).toBe('498.81');
    expect([1, 0, 0.12178027, 0.000491074].map(percent)).toEqual(['100 %', '0 %', '12.18 %', '0.04911 %']);
    expect([0, 1023, 1024, 1.5 * 2 ** 20, 2 ** 40].map(bytes)).toEqual([
      '0 bytes',
      '1023 bytes',
      '1.0 KiB',
      '1.5 MiB',
      '1.0 TiB',
    ]);
    expect([0.4211, 31, 2500, 240_000, 8 * 3_600_000].map(duration)).toEqual([
      '0.42 ms',
      '31.0 ms',
      '2.50 s',
      '4 min',
      '8 h',
    ]);
  });
});
