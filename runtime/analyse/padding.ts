import { coverageOf, EVERYTHING, NOTHING, narrow, signatureOf } from '../pattern/algebra.ts';
import { bitsBetween } from '../pattern/bits.ts';
import type { Box, Coverage, Mask } from '../pattern/mask.ts';

/**
 * The positions of a sequence with room between them: each stretch of `period` of them begins at a multiple of the next
 * power of two. What repeats with the period then repeats with that power, and fits into the squares of a quadtree.
 */
export class Padding {
  /** Positions, with the ones that are only room. */
  readonly length: number;
  readonly #period: number;
  readonly #room: number;
  readonly #tokens: number;

  constructor(tokens: number, period: number) {
    this.#tokens = tokens;
    this.#period = period;
    this.#room = 2 ** Math.ceil(Math.log2(period));
    this.length = this.placeOf(tokens - 1) + 1;
  }

  /** Where a position of the sequence is. */
  placeOf(position: number): number {
    return Math.floor(position / this.#period) * this.#room + (position % this.#period);
  }

  /** First position of the sequence that is not before a place. */
  positionFrom(place: number): number {
    const inside = Math.min(this.#period, place % this.#room);
    return Math.min(this.#tokens, Math.floor(place / this.#room) * this.#period + inside);
  }

  /** A mask of the sequence at these places; room has no pairs. */
  of(mask: Mask): Mask {
    return new PaddedMask(mask, this);
  }

  /** The 32 bits from a place on, of a row of `mask`. */
  word(mask: Mask, row: number, place: number): number {
    let word = 0;
    for (let at = place; at < place + 32; ) {
      const end = Math.min(place + 32, (Math.floor(at / this.#room) + 1) * this.#room);
      const from = this.positionFrom(at);
      const count = this.positionFrom(end) - from;
      if (count > 0) word |= (mask.word(row, from) & bitsBetween(0, count)) << (at - place);
      at = end;
    }
    return word;
  }

  isPosition(place: number): boolean {
    return place % this.#room < this.#period && this.positionFrom(place) < this.#tokens;
  }

  /** How positions and room alternate between two places: equal names, equal layouts. */
  layout(from: number, to: number): string {
    const count = this.positionFrom(to) - this.positionFrom(from);
    const sameStretch = Math.floor(from / this.#room) === Math.floor((to - 1) / this.#room);
    return sameStretch ? String(count) : `${count}@${from % this.#room}`;
  }
}

class PaddedMask implements Mask {
  /** What is at the same places understands the same names. */
  readonly kin: Padding;
  readonly #of: Mask;

  constructor(of: Mask, padding: Padding) {
    this.#of = of;
    this.kin = padding;
  }

  classify(box: Box): Coverage {
    return coverageOf(this.narrow(box));
  }

  narrow(box: Box): Mask {
    const inside = this.#inside(box);
    if (inside.row >= inside.rowEnd || inside.column >= inside.columnEnd) return NOTHING;
    const of = narrow(this.#of, inside);
    if (of === NOTHING) return NOTHING;
    const noRoom =
      inside.rowEnd - inside.row === box.rowEnd - box.row &&
      inside.columnEnd - inside.column === box.columnEnd - box.column;
    if (of === EVERYTHING && noRoom) return EVERYTHING;
    return of === this.#of ? this : new PaddedMask(of, this.kin);
  }

  word(row: number, column: number): number {
    return this.kin.isPosition(row) ? this.kin.word(this.#of, this.kin.positionFrom(row), column) : 0;
  }

  signature(box: Box): string | undefined {
    const inside = this.#inside(box);
    const of = narrow(this.#of, inside);
    const name = signatureOf(of, inside);
    if (name === undefined) return undefined;
    return `${this.kin.layout(box.row, box.rowEnd)}/${this.kin.layout(box.column, box.columnEnd)}:${name}`;
  }

  #inside({ row, rowEnd, column, columnEnd }: Box): Box {
    const from = (place: number): number => this.kin.positionFrom(place);
    return { row: from(row), rowEnd: from(rowEnd), column: from(column), columnEnd: from(columnEnd) };
  }
}

/** Share of what is read off the rows that has to speak for a distance. */
const LEAST_SHARE = 1 / 3;

/**
 * Distances with which a mask may repeat, the likeliest first, read off two of its rows: between the beginnings of
 * stretches that follow each other, and lengths of stretches. Powers of two are left out.
 */
export function periodsOf(mask: Mask, tokens: number): readonly number[] {
  const votes = new Map<number, number>();
  const vote = (period: number): void => {
    if (period > 2 && 2 * period <= tokens && 2 ** Math.round(Math.log2(period)) !== period)
      votes.set(period, (votes.get(period) ?? 0) + 1);
  };
  for (const row of [Math.floor(tokens / 3), Math.floor((2 * tokens) / 3)]) {
    let begun = -1;
    let before = 0;
    for (let column = 0; column < tokens; column += 32) {
      const word = mask.word(row, column) & bitsBetween(0, tokens - column);
      const starts = word & ~((word << 1) | before);
      const ends = ~word & ((word << 1) | before);
      before = word >>> 31;
      for (let bits = starts | ends; bits !== 0; bits &= bits - 1) {
        const at = column + 31 - Math.clz32(bits & -bits);
        if ((starts & bits & -bits) === 0) vote(at - begun);
        else {
          if (begun >= 0) vote(at - begun);
          begun = at;
        }
      }
    }
  }
  const all = [...votes.values()].reduce((sum, count) => sum + count, 0);
  return [...votes]
    .filter(([, count]) => count > 1 && count >= LEAST_SHARE * all)
    .sort(([a, many], [b, more]) => more - many || b - a)
    .map(([period]) => period);
}
