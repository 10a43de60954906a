import { describe, expect, test } from 'vitest';
import { tokensProblem } from '../../../client/commands/export-limits.ts';

describe('tokens that are asked for', () => {
  test.each(['1', '4096', ' 100 ', '67108864'])('%s', text => expect(tokensProblem(text)).toBeUndefined());
  test.each(['', '0', '-1', '1.5', '1e3', '0x10', 'many'])('"%s" is no length', text =>
    expect(tokensProblem(text)).toContain('whole number'),
  );
  test.each(['67108865', '999999999999999999999999'])('%s are too many', text =>
    expect(tokensProblem(text)).toBe('At most 67,108,864 tokens can be handled.'),
  );
});
