import { describe, expect, test } from 'vitest';
import { compareModels } from '../../../runtime/analyse/compare-models.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const language = createLanguage(NO_FILES);

async function model(text: string, name = 'M'): Promise<Model> {
  const file = await language.open('memory:///models.sparse', text);
  expect(file.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return file.lower(name);
}

const BASE = 'layers = 4 heads = 2 head_dim = 8';

describe('comparing models', () => {
  test('in every layer and head, each pair of masks once', async () => {
    const first = await model(`model M { tokens = 256 ${BASE} attention = window(32) }`);
    const second = await model(
      `model M { tokens = 256 ${BASE} attention = window(33) attention layers [1, 3], heads [0] = window(32) | global([0]) }`,
    );
    expect(compareModels(first, second)).toEqual({
      tokens: 256,
      queries: 256,
      layers: 4,
      heads: 2,
      equal: false,
      masks: [
        expect.objectContaining({
          at: [
            { layers: [0, 2], heads: [0, 1] },
            { layers: [1, 3], heads: [1] },
          ],
          relation: 'equal',
        }),
        expect.objectContaining({
          at: [{ layers: [1, 3], heads: [0] }],
          relation: 'contained',
          onlyFirst: 0,
          onlySecond: 2 * (255 - 16),
          difference: { query: 0, key: 17, heldBy: 'second' },
        }),
      ],
    });
    expect(compareModels(first, second, { layer: 1, head: 1 }).equal).toBe(true);
    expect(compareModels(first, second, { head: 1 }).equal).toBe(true);
    expect(compareModels(first, second, { layer: 3 }).equal).toBe(false);
  });

  test('a pattern takes the size of the model, whichever comes first', async () => {
    const base = await model(`model M { tokens = 256 queries = 64 ${BASE} attention = window(32) }`);
    const bare = await model('pattern p = layer < 2 ? window(32) : sliding(17)', 'p');
    for (const found of [compareModels(base, bare), compareModels(bare, base)]) {
      expect(found).toMatchObject({ tokens: 256, queries: 64, layers: 4, heads: 2, equal: false });
      expect(found.masks.map(({ at, relation }) => [at, relation])).toEqual([
        [[{ layers: [0, 1], heads: [0, 1] }], 'equal'],
        [[{ layers: [2, 3], heads: [0, 1] }], found.masks[1]!.onlyFirst > 0 ? 'containing' : 'contained'],
      ]);
      // The first of the 64 queries is position 192.
      expect(found.masks[1]!.difference).toMatchObject({ query: 192, key: 193 });
    }
  });

  test('two patterns need a length', async () => {
    const bare = await model('pattern p = window(32)', 'p');
    expect(() => compareModels(bare, bare)).toThrow(/say how many tokens/);
    expect(compareModels(bare, bare, { tokens: 1000 })).toMatchObject({ equal: true, layers: 1, heads: 1 });
  });

  test.each([
    ['tokens', `tokens = 128 ${BASE}`, /256 tokens.*128: say at how many tokens/],
    ['layers', 'tokens = 256 layers = 6 heads = 2 head_dim = 8', /4 layers.*6: say which layer/],
    ['heads', 'tokens = 256 layers = 4 heads = 8 head_dim = 8', /2 heads.*8: say which head/],
    ['queries', `tokens = 256 queries = 16 ${BASE}`, /queries 0 to 255 .* 240 to 255/],
  ])('%s that differ are said', async (_, size, message) => {
    const first = await model(`model M { tokens = 256 ${BASE} attention = full() }`);
    const second = await model(`model M { ${size} attention = full() }`);
    expect(() => compareModels(first, second)).toThrow(message);
  });

  test('what is chosen by content cannot be compared', async () => {
    const bare = await model('pattern p = topk(4)', 'p');
    expect(() => compareModels(bare, bare, { tokens: 16 })).toThrow(/chooses keys by content/);
  });
});
