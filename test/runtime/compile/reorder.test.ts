import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CompileError } from '../../../runtime/compile/mask-tree.ts';
import { compilePatternParts } from '../../../runtime/compile/pattern-parts.ts';
import { compileParts, orderedPlan, orderedTree, regroup } from '../../../runtime/compile/reorder.ts';
import type { TilePlan } from '../../../runtime/compile/tile-plan.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { type Shape, squareShape } from '../../../runtime/pattern/shape.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';
import { denseBits } from './dense-bits.ts';

const language = createLanguage(NO_FILES);

async function patternOf(text: string): Promise<Pattern> {
  const [rule] = (await language.lowerExpression(text)).rules;
  if (rule === undefined) throw new Error('no rule');
  return rule.pattern;
}

/** Pairs of a plan in the order of the sequence: row * tokens + key. */
function pairsOf(plan: TilePlan): Set<number> {
  const bits = denseBits(plan);
  const pairs = new Set<number>();
  for (let a = 0; a < plan.queries; a++)
    for (let b = 0; b < plan.keys; b++)
      if (bits[a * plan.keys + b] === 1) pairs.add((plan.queryOrder?.[a] ?? a) * plan.keys + (plan.keyOrder?.[b] ?? b));
  return pairs;
}

function expectEqual(plans: readonly TilePlan[], pattern: Pattern, shape: Shape): void {
  const parts = plans.map(pairsOf);
  const together = new Set(parts.flatMap(part => [...part]));
  expect(together.size, 'the parts are disjoint').toBe(parts.reduce((sum, part) => sum + part.size, 0));
  for (let row = 0; row < shape.queries; row++)
    for (let key = 0; key < shape.tokens; key++)
      if (together.has(row * shape.tokens + key) !== allows(pattern, shape, shape.offset + row, key))
        throw new Error(`(${shape.offset + row}, ${key}) is wrong`);
}

const shapes = fc
  .record({ tokens: fc.integer({ min: 1, max: 150 }), cut: fc.integer({ min: 0, max: 149 }), end: fc.boolean() })
  .map(({ tokens, cut, end }): Shape => {
    const queries = Math.max(1, tokens - cut);
    return { ...squareShape(tokens), queries, offset: end ? tokens - queries : 0 };
  });
const regroupings = fc
  .record({
    stride: fc.integer({ min: 1, max: 40 }),
    chunk: fc.constantFrom(1, 2, 3, 7, Infinity),
    keysOnly: fc.boolean(),
  })
  .map(({ stride, chunk, keysOnly }) => ({ stride, chunk: chunk * stride, keysOnly }));

describe('another order of tokens', () => {
  test('holds the same pairs, whatever the mask and the order', () => {
    fc.assert(
      fc.property(arbitraryPattern, shapes, regroupings, (pattern, shape, regrouping) => {
        const tree = orderedTree(bindPattern(pattern, shape), shape, regrouping, { tile: { queries: 16, keys: 32 } });
        expectEqual([orderedPlan({ order: regrouping, tree }, shape)], pattern, shape);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['strided(16) & causal() | sliding(16)', 300],
    ['strided(7) & causal() | sliding(20) | global([0, -1])', 301],
    ['(fixed(16, columns: 3) | block(16)) & causal()', 400],
    ['window(32, dilation: 5)', 333],
    ['window(64, dilation: 4) | window(64, dilation: 8) | columns([0..3])', 520],
    ['axial([20, 16])', 320],
    ['axial([6, 8, 10])', 480],
    ['axial([6, 8, 10], axis: 1) - causal()', 480],
    ['neighborhood([40, 16], [20, 1])', 640],
    ['strided(16) - window(3)', 256],
    ['strided(16) & documents(100)', 400],
  ])('%s at n = %i is split into disjoint parts', async (text, tokens) => {
    const pattern = await patternOf(text);
    const whole = squareShape(tokens);
    for (const shape of [whole, { ...whole, queries: tokens - 37, offset: 37 }])
      expectEqual(
        compileParts(bindPattern(pattern, shape), shape, { tile: { queries: 16, keys: 16 } }),
        pattern,
        shape,
      );
  });

  test.each([
    ['where (i, j) => i >= j && ((i - j) % 16 == 0 || i - j < 16)', 2048, 'strided(16) & causal() | sliding(16)'],
    ['where (i, j) => abs(i - j) <= 128 * 8 && (i - j) % 8 == 0', 4096, 'window(256, dilation: 8)'],
    ['where (i, j) => floor(i / 64) == floor(j / 64) || i % 64 == j % 64', 4096, 'axial([64, 64])'],
  ])('%s, a condition, takes the orders of what it is', async (text, tokens, written) => {
    const whole = squareShape(tokens);
    const [pattern, primitives] = [await patternOf(text), await patternOf(written)];
    const options = { tile: { queries: 16, keys: 16 } };
    expect(compilePatternParts(pattern, whole, options)).toEqual(
      compileParts(bindPattern(primitives, whole), whole, options),
    );
    const few = { ...whole, queries: 1000, offset: tokens - 1000 };
    expect(compilePatternParts(pattern, few, options)).toEqual(
      compileParts(bindPattern(primitives, few), few, options),
    );
  });

  test('a condition that is no design stays as it is', async () => {
    const shape = squareShape(600);
    const pattern = await patternOf('where (i, j) => (i * j) % 97 == 3');
    const plans = compilePatternParts(pattern, shape, { tile: { queries: 16, keys: 16 } });
    expect(plans).toHaveLength(1);
    expectEqual(plans, pattern, shape);
  });

  test.each([
    ['strided(16) & causal() | sliding(16)', 2048],
    ['(fixed(16, columns: 1) | block(16)) & causal()', 4096],
    ['axial([64, 32])', 2048],
    ['window(256, dilation: 8)', 4096],
  ])('%s needs at most a third of the tiles', async (text, tokens) => {
    const shape = squareShape(tokens);
    const mask = bindPattern(await patternOf(text), shape);
    const options = { tile: { queries: 16, keys: 16 } };
    const parts = regroup(mask, shape, options);
    if (parts === undefined) throw new Error('no better order was found');
    const natural = orderedTree(mask, shape, { chunk: Infinity, stride: 1 }, options);
    const tiles = ({ root }: { root: typeof natural.root }): number =>
      (root?.fullTiles ?? 0) + (root?.partialTiles ?? 0);
    expect(parts.reduce((sum, { tree }) => sum + tiles(tree), 0)).toBeLessThan(tiles(natural) / 3);
    expect(parts.reduce((sum, { tree }) => sum + Number(tree.root?.pairs ?? 0), 0)).toBe(natural.root?.pairs);
  });

  test.each(['sliding(64)', 'causal()', 'window(8) | global([0])', 'block(32)', 'none()'])(
    '%s stays as it is',
    async text => {
      const shape = squareShape(1024);
      expect(regroup(bindPattern(await patternOf(text), shape), shape)).toBeUndefined();
    },
  );

  test('a mask that is too irregular is refused', async () => {
    const shape = squareShape(2048);
    const mask = bindPattern(await patternOf('strided(64) | random(9)'), shape);
    expect(() => compileParts(mask, shape, { maxNodes: 50 })).toThrow(CompileError);
  });
});
