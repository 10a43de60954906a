import { coverageOf, EVERYTHING, NOTHING, narrow, signatureOf } from './algebra.ts';
import { bitsBetween } from './bits.ts';
import type { Box, Coverage, Mask } from './mask.ts';

/** A rectangle and what a mask holds in it. */
export interface Part {
  readonly box: Box;
  readonly mask: Mask;
}

/** A mask that is another one in each part of its box. The parts do not meet; outside of them there are no pairs. */
export class CutMask implements Mask {
  /** The signature names all that the parts hold. */
  readonly kin = CutMask;
  readonly #parts: readonly Part[];

  private constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /** `parts`: each narrowed to its own box; together they make up `box`. */
  static of(parts: readonly Part[], box: Box): Mask {
    if (parts.every(({ mask }) => mask === EVERYTHING)) return EVERYTHING;
    const held = parts.filter(({ mask }) => mask !== NOTHING);
    const [only] = held;
    if (only === undefined) return NOTHING;
    return held.length === 1 && isSame(only.box, box) ? only.mask : new CutMask(held);
  }

  classify(box: Box): Coverage {
    return coverageOf(this.narrow(box));
  }

  narrow(box: Box): Mask {
    let area = 0;
    const parts = this.#parts.flatMap(({ box: own, mask }): Part[] => {
      const inside = intersectionOf(own, box);
      if (inside === undefined) return [];
      area += (inside.rowEnd - inside.row) * (inside.columnEnd - inside.column);
      return [{ box: inside, mask: narrow(mask, inside) }];
    });
    // What no part covers is empty.
    const isCovered = area === (box.rowEnd - box.row) * (box.columnEnd - box.column);
    return CutMask.of(isCovered ? parts : [...parts, { box, mask: NOTHING }], box);
  }

  word(row: number, column: number): number {
    let word = 0;
    for (const { box, mask } of this.#parts) {
      if (row < box.row || row >= box.rowEnd) continue;
      const inside = bitsBetween(box.column - column, box.columnEnd - column);
      if (inside !== 0) word |= mask.word(row, column) & inside;
    }
    return word;
  }

  signature(box: Box): string | undefined {
    let name = '';
    for (const { box: own, mask } of this.#parts) {
      const inner = mask === EVERYTHING ? 'all' : signatureOf(mask, own);
      if (inner === undefined) return undefined;
      name += `${own.row - box.row},${own.rowEnd - box.row},${own.column - box.column},${own.columnEnd - box.column}:${inner};`;
    }
    return name;
  }
}

function intersectionOf(a: Box, b: Box): Box | undefined {
  const row = Math.max(a.row, b.row);
  const rowEnd = Math.min(a.rowEnd, b.rowEnd);
  const column = Math.max(a.column, b.column);
  const columnEnd = Math.min(a.columnEnd, b.columnEnd);
  return row < rowEnd && column < columnEnd ? { row, rowEnd, column, columnEnd } : undefined;
}

function isSame(a: Box, b: Box): boolean {
  return a.row === b.row && a.rowEnd === b.rowEnd && a.column === b.column && a.columnEnd === b.columnEnd;
}
