import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareMasks } from '../../../runtime/analyse/compare.ts';
import { type Recognised, recognise } from '../../../runtime/analyse/recognise.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { patternAt } from '../../../runtime/pattern/model.ts';
import { type Shape, squareShape } from '../../../runtime/pattern/shape.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';
import { byBlockAndGrid } from './recognised-designs/by-block-and-grid.ts';
import { byPosition } from './recognised-designs/by-position.ts';

const language = createLanguage(NO_FILES);
let files = 0;

/** A pattern expression; `sparse:` modules are imported as they are named. */
async function lowered(expression: string, ...imports: string[]): Promise<Pattern> {
  const text = [...imports.map(each => `import { ${each.split(' ')[0]} } from "${each.split(' ')[1]}"`), ''].join('\n');
  const file = await language.open(`memory:///${files++}.sparse`, `${text}pattern p = ${expression}\n`);
  expect(file.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const pattern = patternAt(file.lower('p'), 0, 0);
  if (pattern === undefined) throw new Error('no pattern');
  return pattern;
}

function named(pattern: Pattern, shape: Shape): Recognised | undefined {
  return recognise(bindPattern(pattern, shape), shape, { pattern });
}

describe.each([...byPosition, ...byBlockAndGrid])(
  '$title',
  ({ title, text, n, at = {}, module, spellings, not = [] }) => {
    test.each(spellings)('%s', async spelling => {
      const shape = squareShape(n, { heads: 8, layers: 8, ...at });
      const source = await lowered(spelling);
      const found = named(source, shape);
      expect(found).toMatchObject({ title, text });
      expect(found?.module).toBe(module);
      // What it says, read as a file, is what was there; and so is the pattern that it hands over.
      const written = await lowered(text, ...(module === undefined ? [] : [`${found?.name} ${module}`]));
      for (const pattern of [written, found?.pattern])
        expect(
          pattern && compareMasks(bindPattern(pattern, shape), bindPattern(source, shape), shape).difference,
        ).toBeUndefined();
      expect(found?.pattern).toBeDefined();
    });

    test.each(not)('and not %s', async spelling => {
      const shape = squareShape(n, { heads: 8, layers: 8, ...at });
      expect(named(await lowered(spelling), shape)?.title).not.toBe(title);
    });
  },
);

describe('an answer is never wrong', () => {
  test('of any mask', { timeout: 60_000 }, () => {
    let answers = 0;
    fc.assert(
      fc.property(arbitraryPattern, fc.integer({ min: 1, max: 120 }), (pattern, n) => {
        const shape = squareShape(n);
        const found = named(pattern, shape);
        if (found === undefined) return;
        answers++;
        const mask = bindPattern(found.pattern, shape);
        let wrong: [number, number] | undefined;
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++)
            if (((mask.word(i, j) & 1) === 1) !== allows(pattern, shape, i, j)) wrong ??= [i, j];
        expect(wrong).toBeUndefined();
      }),
      { numRuns: 300 },
    );
    expect(answers).toBeGreaterThan(60);
  });

  /** Calls of the library with arguments that change what they are. */
  const calls = fc
    .record({
      size: fc.integer({ min: 1, max: 40 }),
      few: fc.integer({ min: 1, max: 6 }),
      seed: fc.integer({ min: 0, max: 9 }),
      call: fc.constantFrom<(size: number, few: number, seed: number) => string>(
        (size, few) => `sparse:longformer longformer(${size}, [0..${few}])`,
        (size, few) => `sparse:longformer longformer_dilated(${size}, ${few})`,
        (size, few, seed) => `sparse:bigbird bigbird(${size}, ${few}, seed: ${seed})`,
        (size, few) => `sparse:bigbird bigbird_etc(${few}, ${size})`,
        (size, few) => `sparse:bigbird etc(${few}, ${size})`,
        (size, few) => `sparse:streaming streaming_llm(${size}, ${few})`,
        (size, few, seed) => `sparse:streaming tri_shape(${few}, ${size}, ${seed})`,
        (size, few) => `sparse:streaming star_attention(${size}, ${few})`,
        size => `sparse:streaming prefix_lm(${size})`,
        size => `sparse:sparse-transformer sparse_strided(${size})`,
        (size, few) => `sparse:sparse-transformer sparse_fixed(${size}, ${Math.min(size, few)})`,
        (size, few) => `sparse:sparse-transformer sparse_fixed_heads(${size + 8}, ${Math.min(2, few)})`,
        size => `sparse:log-sparse log_sparse_local(${size})`,
        size => `sparse:longnet longnet(${size})`,
        (size, few) => `sparse:longnet longnet_branch(${size}, ${few})`,
        (size, few) => `sparse:longt5 pegasus_x(${size}, ${few})`,
        (size, few, seed) => `sparse:phi phi3_small_sparse(${few}, ${seed + 1}, ${size})`,
        size => `sparse:reformer reformer_local(${size})`,
        (size, few, seed) => `sparse:minference minference_dilated_dense(${few}, ${seed + 1}, ${size + 10})`,
      ),
      n: fc.integer({ min: 6, max: 260 }),
      head: fc.integer({ min: 0, max: 7 }),
      layer: fc.integer({ min: 0, max: 3 }),
    })
    .map(({ call, size, few, seed, ...at }) => ({ call: call(size, few, seed), ...at }));

  test('of the library, in any head and layer, as it is written', { timeout: 60_000 }, async () => {
    let known = 0;
    await fc.assert(
      fc.asyncProperty(calls, async ({ call, n, head, layer }) => {
        const [module = '', expression = ''] = call.split(/ (.*)/);
        const shape = squareShape(n, { head, heads: 8, layer, layers: 4 });
        const source = await lowered(expression, `${expression.split('(')[0]} ${module}`);
        const found = named(source, shape);
        if (found === undefined) return;
        if (found.module !== undefined) known++;
        const imports = found.module === undefined ? [] : [`${found.name} ${found.module}`];
        const written = await lowered(found.text, ...imports);
        for (const pattern of [written, found.pattern])
          expect(
            compareMasks(bindPattern(pattern, shape), bindPattern(source, shape), shape).difference,
          ).toBeUndefined();
      }),
      { numRuns: 250 },
    );
    expect(known).toBeGreaterThan(80);
  });
});
