import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { treeMask } from '../../../runtime/analyse/tree-mask.ts';
import { buildMaskTree } from '../../../runtime/compile/mask-tree.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { transposedMask } from '../../../runtime/pattern/transposed-mask.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';

const span = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));

describe('a mask that is read off its tree', () => {
  it('is the same mask', () => {
    fc.assert(
      fc.property(arbitraryPattern, fc.integer({ min: 1, max: 150 }), span, span, (pattern, n, rows, columns) => {
        const shape = squareShape(n);
        const mask = treeMask(bindPattern(pattern, shape), shape);
        const [row, rowEnd] = rows.map(part => Math.floor(part * n)).sort((a, b) => a - b) as [number, number];
        const [column, columnEnd] = columns.map(part => Math.floor(part * n)).sort((a, b) => a - b) as [number, number];
        const box = { row, rowEnd: Math.min(n, rowEnd + 1), column, columnEnd: Math.min(n, columnEnd + 1) };
        const narrowed = mask.narrow?.(box) ?? mask;
        const coverage = mask.classify(box);
        for (let i = box.row; i < box.rowEnd; i++)
          for (let j = box.column; j < box.columnEnd; j++) {
            const wanted = allows(pattern, shape, i, j);
            if (((mask.word(i, j) & 1) !== 0) !== wanted) expect.fail(`(${i}, ${j}) is wrong`);
            for (const from of [j, Math.max(box.column, j - 17), Math.max(box.column, j - 31)])
              if (((narrowed.word(i, from) >>> (j - from)) & 1) !== (wanted ? 1 : 0))
                expect.fail(`(${i}, ${j}) is wrong in its box`);
            if (coverage !== 'mixed') expect(coverage === 'full').toBe(wanted);
          }
      }),
      { numRuns: 150 },
    );
  });

  it('compiles to the same tiles of every size, transposed too', () => {
    fc.assert(
      fc.property(
        arbitraryPattern,
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(16, 32, 48, 64, 256),
        fc.constantFrom(16, 32, 48, 64, 256),
        (pattern, n, queries, keys) => {
          const shape = squareShape(n);
          const mask = bindPattern(pattern, shape);
          const options = { tile: { queries, keys } };
          expect(buildMaskTree(treeMask(mask, shape), shape, options)).toEqual(buildMaskTree(mask, shape, options));
          const transposed = buildMaskTree(transposedMask(treeMask(mask, shape), n), shape, options);
          expect(transposed).toEqual(buildMaskTree(transposedMask(mask, n), shape, options));
        },
      ),
      { numRuns: 150 },
    );
  });
});
