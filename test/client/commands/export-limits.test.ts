import { describe, expect, test } from 'vitest';
import { checkSizeAhead, tokensProblem } from '../../../client/commands/export-limits.ts';
import { type ExportFormat, formatOf } from '../../../runtime/export/formats.ts';
import { ExportSizeError } from '../../../runtime/export/size-limit.ts';
import type { Shape } from '../../../runtime/pattern/shape.ts';

const format = (id: string): ExportFormat => formatOf(id)!;
const shape = (queries: number, tokens: number): Shape => ({
  tokens,
  queries,
  offset: 0,
  head: 0,
  heads: 1,
  layer: 0,
  layers: 1,
});

describe('tokens that are asked for', () => {
  test.each(['1', '4096', ' 100 ', '67108864'])('%s', text => expect(tokensProblem(text)).toBeUndefined());
  test.each(['', '0', '-1', '1.5', '1e3', '0x10', 'many'])('"%s" is no length', text =>
    expect(tokensProblem(text)).toContain('whole number'),
  );
  test.each(['67108865', '999999999999999999999999'])('%s are too many', text =>
    expect(tokensProblem(text)).toBe('At most 67,108,864 tokens can be handled.'),
  );
});

describe('sizes known ahead', () => {
  test('a dense mask above the limit is refused, and others are named', () => {
    expect(() => checkSizeAhead(format('npy'), shape(65_536, 65_536))).toThrow(ExportSizeError);
    expect(() => checkSizeAhead(format('npy'), shape(65_536, 65_536))).toThrow(/4.0 GiB.*2.0 GiB.*Tile plan/);
  });

  test('what fits, and what depends on the pattern, goes on', () => {
    checkSizeAhead(format('npy'), shape(32_768, 65_536));
    checkSizeAhead(format('npy'), shape(1, 2 ** 26));
    for (const id of ['csr', 'safetensors', 'json']) checkSizeAhead(format(id), shape(2 ** 26, 2 ** 26));
  });
});
