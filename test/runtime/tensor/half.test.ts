import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bfloatToNumber, halfToNumber, numberToHalf } from '../../../runtime/tensor/half.ts';

describe('half precision', () => {
  test.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x0400, 2 ** -14],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x3555, 0.333251953125],
  ])('%i is %d', (half, value) => {
    expect(halfToNumber(half)).toBe(value);
    expect(numberToHalf(value)).toBe(half);
  });

  test('every half survives the way there and back', () => {
    for (let half = 0; half < 65536; half++) {
      const value = halfToNumber(half);
      if (Number.isNaN(value)) expect(halfToNumber(numberToHalf(value))).toBeNaN();
      else if (numberToHalf(value) !== half) throw new Error(`${half} -> ${value} -> ${numberToHalf(value)}`);
    }
  });

  test('rounds to nearest, ties to even', () => {
    for (let half = 0; half < 0x7bff; half++) {
      const [low, high] = [halfToNumber(half), halfToNumber(half + 1)];
      const middle = (low + high) / 2;
      const even = half % 2 === 0 ? half : half + 1;
      const quarter = low + (high - low) / 4;
      if (numberToHalf(middle) !== even || numberToHalf(quarter) !== half) throw new Error(`around ${half}`);
    }
    expect(numberToHalf(65519)).toBe(0x7bff);
    expect(numberToHalf(65520)).toBe(0x7c00);
    expect(numberToHalf(1e9)).toBe(0x7c00);
    expect(numberToHalf(-(2 ** -26))).toBe(0x8000);
  });

  test('bfloat16 is the upper half of a float32', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65535 }), half => {
        const view = new DataView(new ArrayBuffer(4));
        view.setUint16(0, half);
        expect(bfloatToNumber(half)).toBe(view.getFloat32(0));
      }),
    );
  });
});
