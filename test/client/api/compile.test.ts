import { expect, it } from 'vitest';
import { select } from '../../../client/api/attend.node.ts';
import { compile } from '../../../client/api/compile.ts';
import { parseExpression } from '../../../client/api/parse.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';

it('counts the heads that were asked for, of which there is at least one', async () => {
  const one = await parseExpression('causal()');
  const model = { ...one, heads: 2, kvHeads: 2, rules: one.rules.map(rule => ({ ...rule, heads: [0, 1] })) };
  expect(compile(model, { tokens: 8 })).toMatchObject({ heads: [0, 1], pairs: 72, density: 72 / 128 });
  expect(compile(model, { tokens: 8, heads: [1] })).toMatchObject({ heads: [1], pairs: 36 });
  const none = /^heads is empty: name at least one head, or leave it out to take all$/;
  expect(() => compile(model, { tokens: 8, heads: [] })).toThrow(none);
  const input = sampleInput({ heads: 2, kvHeads: 2, queries: 8, keys: 8, headDim: 4 });
  await expect(select(model, input, { heads: [] })).rejects.toThrow(none);
});
