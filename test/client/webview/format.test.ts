import { describe, expect, it } from 'vitest';
import { bytes, count, mean, milliseconds, operations, parseTokens, percent } from '../../../client/webview/format.ts';

describe('numbers as people read them', () => {
  it('groups digits and keeps three significant ones of a share', () => {
    expect(count(33684734)).toBe('33,684,734');
    expect(percent(0)).toBe('0 %');
    expect(percent(1)).toBe('100 %');
    expect(percent(0.0078431)).toBe('0.784 %');
    expect(percent(0.99999)).toBe('99.999 %');
    expect(percent(2 ** -22)).toBe('0.0000238 %');
    expect(mean(1026.504)).toBe('1,026.5');
    expect(milliseconds(0.01234)).toBe('0.0123 ms');
    expect(milliseconds(2345)).toBe('2.35 s');
    expect(milliseconds(599_000)).toBe('599 s');
    expect(milliseconds(750_000)).toBe('12.5 min');
    expect(milliseconds(26_640_000)).toBe('7.4 h');
    expect(milliseconds(1.32e11)).toBe('1,530 days');
  });

  it('scales operations and bytes', () => {
    expect(operations(0n)).toBe('0');
    expect(operations(999n)).toBe('999');
    expect(operations(1_000_000n)).toBe('1 M');
    expect(operations(999_999n)).toBe('1 M');
    expect(operations(2n ** 70n)).toBe('1180 E');
    expect(bytes(1023)).toBe('1023 B');
    expect(bytes(1.5 * 2 ** 30)).toBe('1.5 GiB');
  });

  it('reads lengths as the language writes them', () => {
    expect(parseTokens('4096')).toBe(4096);
    expect(parseTokens(' 64Ki ')).toBe(65536);
    expect(parseTokens('1Mi')).toBe(1048576);
    expect(parseTokens('5,000,000')).toBe(5000000);
    expect(parseTokens('4_096')).toBe(4096);
    for (const wrong of ['', '0', '-3', '1.5', 'many', '4096x', '1e3', 'Ki'])
      expect(parseTokens(wrong), wrong).toBeUndefined();
  });
});
