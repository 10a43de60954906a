import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutParts } from '../../../runtime/draw/hidden-parts.ts';
import { LayeredMask } from '../../../runtime/draw/layered-mask.ts';
import { partsOf } from '../../../runtime/draw/parts.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';

const number = (value: number) => ({ type: 'number', value: { op: 'number', value } }) as const;
const window: Pattern = { kind: 'primitive', name: 'window', args: { size: number(3) } };
const causal: Pattern = { kind: 'primitive', name: 'causal', args: {} };
const strided: Pattern = { kind: 'primitive', name: 'strided', args: { stride: number(4) } };
const shape = squareShape(12);

describe('withoutParts', () => {
  it('leaves the other operands of a union', () => {
    const union: Pattern = { kind: 'union', left: window, right: strided };
    expect(withoutParts(union, shape, ['window(3)'])).toEqual(strided);
    expect(withoutParts(union, shape, ['strided(4)'])).toEqual(window);
    expect(withoutParts(union, shape, [])).toBe(union);
  });

  it('leaves nothing of an operand whose parts are all hidden', () => {
    const limited: Pattern = { kind: 'intersection', left: strided, right: causal };
    expect(withoutParts({ kind: 'union', left: window, right: limited }, shape, ['strided(4)'])).toEqual(window);
    const none = { kind: 'primitive', name: 'none', args: {} };
    expect(withoutParts(limited, shape, ['strided(4)'])).toEqual(none);
    expect(withoutParts({ kind: 'difference', left: window, right: causal }, shape, ['window(3)'])).toEqual(none);
    expect(withoutParts({ kind: 'named', name: 'mine', pattern: window }, shape, ['window(3)'])).toEqual(none);
  });

  it('hides parts inside blocks', () => {
    const blocked = (p: Pattern): Pattern => ({
      kind: 'primitive',
      name: 'blocked',
      args: { size: number(3), p: { type: 'pattern', value: p } },
    });
    const union: Pattern = { kind: 'union', left: window, right: causal };
    expect(withoutParts(blocked(union), shape, ['blocked(3, window(3))'])).toEqual(blocked(causal));
  });

  it('takes away only pairs, keeps the index of what is shown, and leaves no part of what is hidden', () => {
    fc.assert(
      fc.property(arbitraryPattern, fc.integer({ min: 1, max: 24 }), fc.nat(), (pattern, n, pick) => {
        const square = squareShape(n);
        const parts = partsOf(pattern, square);
        const label = parts[pick % Math.max(1, parts.length)]?.label;
        const hidden = label === undefined ? [] : [label];
        const rest = withoutParts(pattern, square, hidden);
        if (label !== undefined && !label.includes('none()'))
          expect(partsOf(rest, square).map(part => part.label)).not.toContain(label);
        const { mask } = LayeredMask.of(pattern, square, hidden);
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) {
            if (allows(rest, square, i, j)) expect(allows(pattern, square, i, j)).toBe(true);
            const lit: number[] = [];
            mask.word(i, j, 1, part => lit.push(part));
            expect(lit.length > 0, `(${i}, ${j})`).toBe(allows(rest, square, i, j));
            for (const part of lit) expect(parts[part]?.label).not.toBe(label);
          }
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
