import { expect, test } from 'vitest';
import { diagnose, openFile } from './open-file.ts';

/** The file that introduces the language, word for word. */
const TEXT = `/** Longformer: a sliding window plus global tokens. Beltagy et al., 2020. */
pattern longformer(size = 512, tokens = [0]) = window(size) | global(tokens)

import { bigbird } from "./library.sparse"
const block = 64

model LongformerBase {
  tokens    = 4096
  layers    = 12
  heads     = 12
  dim       = 768
  attention = longformer(512)
  attention layers 6..12, heads [0, 1] = longformer(512) | window(256, dilation: 4)
}
`;

test('the file that introduces the language is fine as it stands', async () => {
  const files = { 'library.sparse': 'pattern bigbird = blocked(64, window(3))' };
  expect(await diagnose(TEXT, files)).toEqual([]);
  const model = (await openFile(TEXT, files)).lower('LongformerBase');
  expect(model).toMatchObject({ tokens: 4096, layers: 12, heads: 12, headDim: 64 });
  expect(model.rules[1]).toMatchObject({ layers: [6, 7, 8, 9, 10, 11], heads: [0, 1] });
});
