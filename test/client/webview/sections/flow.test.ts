import { describe, expect, it } from 'vitest';
import { fullText, hopsText, reachText } from '../../../../client/webview/sections/flow.ts';

describe('flow in words', () => {
  it('says which keys are heard of', () => {
    expect(reachText({ reaches: 'all', share: 1 })).toBe('all keys');
    expect(reachText({ reaches: 'past', share: 1 })).toBe('all earlier keys');
    expect(reachText({ reaches: 'part', share: 0.125 })).toBe('12.5 % of keys');
    expect(reachText({ reaches: 'part', share: null })).toBe('some keys');
    expect(reachText({ reaches: null, share: null })).toBe('not known');
  });

  it('tells bounds from exact numbers', () => {
    expect(hopsText({ least: 2053, most: 2053, exact: true })).toBe('2,053');
    expect(hopsText({ least: 11, most: 20, exact: false })).toBe('11 to 20');
    expect(hopsText({ least: 11, most: Number.POSITIVE_INFINITY, exact: false })).toBe('at least 11');
  });

  it('counts the layers of a model, and those that a pattern takes', () => {
    expect(fullText(2, 12, 1)).toBe('2 of 12 layers');
    expect(fullText(1, 1, 1)).toBe('1 of 1 layer');
    expect(fullText(null, 12, 0.934)).toBe('not in 12 layers (93.4 %)');
    expect(fullText(1, null, 1)).toBe('after 1 layer');
    expect(fullText(2053, null, 1)).toBe('after 2,053 layers');
  });
});
