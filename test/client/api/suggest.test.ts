import { afterAll, describe, expect, it } from 'vitest';
import { release, sampleInput } from '../../../client/api/attend.node.ts';
import { SuggestError, suggestWithin } from '../../../client/api/quality.node.ts';

afterAll(() => release());

describe('suggestWithin', { timeout: 60_000 }, () => {
  const input = sampleInput({ heads: 2, kvHeads: 1, queries: 100, keys: 100, headDim: 8 });
  const options = { backend: 'cpu', dynamic: false } as const;

  it('keeps to a time in all layers, and says what it took', async () => {
    const found = await suggestWithin([input, input], { ms: 10_000, ...options });
    expect(found.ms).toBeGreaterThan(0);
    expect(found.ms).toBeLessThanOrEqual(10_000);
    // All pairs take less.
    expect(found.recall).toBeGreaterThan(0.99);
    expect(found.heads).toHaveLength(4);
    expect(found.text).toContain('suggested = ');
  });

  it('says what is possible where nothing is', async () => {
    const run = suggestWithin(input, { ms: 1e-6, ...options });
    await expect(run).rejects.toThrow(SuggestError);
    await expect(run).rejects.toThrow(/takes at most 0\.000001 ms here: .*full attention takes/);
  });
});
