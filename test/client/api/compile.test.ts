import { expect, it } from 'vitest';
import { attend, select } from '../../../client/api/attend.node.ts';
import { compile } from '../../../client/api/compile.ts';
import { parseExpression } from '../../../client/api/parse.ts';
import { quality } from '../../../client/api/quality.node.ts';
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

it('says how several heads share a pattern', async () => {
  const one = await parseExpression('causal()');
  expect(() => compile(one, { tokens: 8, heads: [0, 1, 2] })).toThrow(
    'expression is a pattern and no model: it has one mask, that of head 0, and no head 1; for 3 heads that share it, pass heads: [0, 0, 0]',
  );
  expect(compile(one, { tokens: 8, heads: [0, 0, 0] })).toMatchObject({ pairs: 3 * 36, density: 36 / 64 });
  const input = sampleInput({ heads: 12, kvHeads: 2, queries: 8, keys: 8, headDim: 4 });
  const refused =
    'The tensors have 12 heads, but the mask is that of one. Compile them with heads: one number for each head of the tensors, or heads: Array(12).fill(0) when all share it.';
  const masks = compile(one, { tokens: 8 });
  await expect(attend(input, masks)).rejects.toThrow(refused);
  await expect(quality(input, masks)).rejects.toThrow(refused);
  const two = compile(one, { tokens: 8, heads: [0, 0] });
  await expect(attend(input, two)).rejects.toThrow(/but the masks are those of 2\. Compile .* of the tensors\.$/);
});
