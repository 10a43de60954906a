import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildMaskTree } from '../../../runtime/compile/mask-tree.ts';
import { EVERYTHING, NOTHING, narrow, signatureOf } from '../../../runtime/pattern/algebra.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { BinaryOperator, NumberExpression, Pattern } from '../../../runtime/pattern/ir.ts';
import type { Box, Mask } from '../../../runtime/pattern/mask.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { allows } from '../brute-force.ts';

const i: NumberExpression = { op: 'pair', name: 'i' };
const j: NumberExpression = { op: 'pair', name: 'j' };
const literal = (value: number): NumberExpression => ({ op: 'number', value });
const binary = (operator: BinaryOperator, left: NumberExpression, right: NumberExpression): NumberExpression => ({
  op: 'binary',
  operator,
  left,
  right,
});
const remainder = (of: NumberExpression, divisor: number): NumberExpression => binary('%', of, literal(divisor));
const abs = (of: NumberExpression): NumberExpression => ({ op: 'call', name: 'abs', args: [of] });

/** Numbers that start anew again and again, at any step and place, rising and falling. */
const periodic: fc.Arbitrary<NumberExpression> = fc
  .tuple(
    fc.constantFrom(i, j),
    fc.constantFrom(-2, -1, 1, 1, 1, 2, 3),
    fc.integer({ min: -200, max: 200 }),
    fc.oneof(fc.integer({ min: 1, max: 150 }), fc.integer({ min: -40, max: -1 })),
  )
  .map(([position, step, constant, divisor]) =>
    remainder(binary('+', binary('*', literal(step), position), literal(constant)), divisor),
  );

const value: fc.Arbitrary<NumberExpression> = fc.oneof(
  { weight: 4, arbitrary: periodic },
  { weight: 1, arbitrary: fc.constantFrom(i, j, binary('-', i, j), binary('*', i, j)) },
  { weight: 1, arbitrary: fc.integer({ min: -30, max: 60 }).map(literal) },
);

const sum: fc.Arbitrary<NumberExpression> = fc.oneof(
  value,
  fc
    .tuple(fc.constantFrom('+', '-', '*', '/' as const), value, value)
    .map(([operator, a, b]) => binary(operator, a, b)),
  fc.tuple(value, value).map(([a, b]) => abs(binary('-', a, b))),
  fc.tuple(value, fc.integer({ min: 1, max: 40 })).map(([a, divisor]) => remainder(a, divisor)),
);

const comparison: fc.Arbitrary<NumberExpression> = fc
  .tuple(fc.constantFrom('<', '<=', '>', '>=', '==', '!=' as const), sum, sum)
  .map(([operator, a, b]) => binary(operator, a, b));

const condition: fc.Arbitrary<NumberExpression> = fc.oneof(
  comparison,
  fc.tuple(fc.constantFrom('&&', '||' as const), comparison, comparison).map(([op, a, b]) => binary(op, a, b)),
  fc
    .tuple(comparison, comparison, comparison)
    .map(([test, then, otherwise]): NumberExpression => ({ op: 'choose', condition: test, then, otherwise })),
  comparison.map((of): NumberExpression => ({ op: 'not', of })),
);

const where = (of: NumberExpression): Pattern => ({ kind: 'where', condition: of, text: '' });

/** The pairs of a box, row by row. */
function bitsOf(mask: Mask, box: Box): string {
  let bits = '';
  for (let row = box.row; row < box.rowEnd; row++)
    for (let column = box.column; column < box.columnEnd; column++) bits += mask.word(row, column) & 1;
  return bits;
}

const box = (n: number): fc.Arbitrary<Box> =>
  fc
    .tuple(fc.nat(n - 1), fc.nat(n - 1), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }))
    .map(([row, column, rows, columns]) => ({
      row,
      column,
      rowEnd: Math.min(n, row + rows),
      columnEnd: Math.min(n, column + columns),
    }));

describe('a condition', () => {
  it('is in every box, and in every box of that, what it is pair by pair', () => {
    const n = 160;
    const shape = squareShape(n);
    fc.assert(
      fc.property(condition, box(n), fc.array(fc.nat(39), { minLength: 4, maxLength: 4 }), (of, outer, inset) => {
        const pattern = where(of);
        const [top = 0, bottom = 0, left = 0, right = 0] = inset;
        const inner: Box = {
          row: Math.min(outer.row + top, outer.rowEnd - 1),
          rowEnd: outer.rowEnd,
          column: Math.min(outer.column + left, outer.columnEnd - 1),
          columnEnd: outer.columnEnd,
        };
        const end: Box = {
          ...inner,
          rowEnd: Math.max(inner.row + 1, inner.rowEnd - bottom),
          columnEnd: Math.max(inner.column + 1, inner.columnEnd - right),
        };
        const mask = narrow(bindPattern(pattern, shape), outer);
        for (const [part, each] of [
          [mask, outer],
          [narrow(mask, end), end],
        ] as const) {
          let expected = '';
          for (let row = each.row; row < each.rowEnd; row++)
            for (let column = each.column; column < each.columnEnd; column++)
              expected += allows(pattern, shape, row, column) ? 1 : 0;
          expect(bitsOf(part, each)).toBe(expected);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same in boxes of one size and signature', () => {
    const n = 400;
    const shape = squareShape(n);
    const size = fc.integer({ min: 1, max: 48 });
    fc.assert(
      fc.property(condition, size, size, fc.infiniteStream(fc.nat(n - 49)), (of, rows, columns, places) => {
        const whole = bindPattern(where(of), shape);
        const known = new Map<string, string>();
        for (let k = 0; k < 30; k++) {
          const [row, column] = [places.next().value, places.next().value];
          const each = { row, rowEnd: row + rows, column, columnEnd: column + columns };
          const mask = narrow(whole, each);
          if (mask === NOTHING || mask === EVERYTHING) continue;
          const name = signatureOf(mask, each);
          if (name === undefined) continue;
          const bits = bitsOf(mask, each);
          expect(known.get(name) ?? bits).toBe(bits);
          known.set(name, bits);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('that repeats with another length than the tile is looked at once for each stretch', () => {
    const near = (frame: number, width: number): Pattern =>
      where(binary('<', abs(binary('-', remainder(i, frame), remainder(j, frame))), literal(width)));
    const n = 16_384;
    let looks = 0;
    const tree = buildMaskTree(bindPattern(near(1350, 207), squareShape(n)), squareShape(n), {
      checkpoint: () => looks++,
    });
    // Pairs by the remainders of their positions.
    const times = (r: number): number => Math.floor((n - 1 - r) / 1350) + 1;
    let pairs = 0;
    for (let a = 0; a < 1350; a++)
      for (let b = Math.max(0, a - 206); b < Math.min(1350, a + 207); b++) pairs += times(a) * times(b);
    expect(tree.root?.pairs).toBe(pairs);
    // Of 256 x 256 tiles no two begin at the same place of a frame.
    expect(looks).toBeLessThan(6000);
  });
});
