import { describe, expect, it } from 'vitest';
import { reasonText } from '../../../../client/webview/sections/fit.ts';
import { binText, spreadText } from '../../../../client/webview/sections/histogram.ts';

describe('keys per query in words', () => {
  const spread = { min: 1, max: 9, width: 4, bins: [1, 0, 1200] };

  it('ends the last bin at the most keys of a row', () => {
    expect(binText(spread, 0)).toBe('1 query has 1 to 4 keys');
    expect(binText(spread, 2)).toBe('1,200 queries have 9 keys');
    expect(binText({ min: 1, max: 1, width: 1, bins: [2] }, 0)).toBe('2 queries have 1 key');
  });

  it('names the fullest bins first and no empty one', () => {
    expect(spreadText(spread)).toBe('Keys per query: 1,200 queries have 9 keys; 1 query has 1 to 4 keys');
  });
});

describe('whether a library fits', () => {
  const library = { id: 'x', name: 'X', version: 'X 1' };

  it('tells how, or why not with a pair', () => {
    expect(reasonText({ ...library, fits: true, how: 'call(3)' })).toBe('call(3)');
    expect(reasonText({ ...library, fits: false, because: 'It is causal.' })).toBe('It is causal.');
    expect(reasonText({ ...library, fits: false, because: 'It is causal.', pair: { query: 1, key: 2048 } })).toBe(
      'It is causal. See query 1, key 2,048.',
    );
  });
});
