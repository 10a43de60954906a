import { EVERYTHING, NOTHING, narrow, signatureOf } from '../pattern/algebra.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Pattern } from '../pattern/ir.ts';
import type { Box, Mask } from '../pattern/mask.ts';
import { PointsMask } from '../pattern/points-mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { withoutParts } from './hidden-parts.ts';
import { type Part, partsOf } from './parts.ts';

/** A part that may still light cells in a box. */
interface Layer {
  readonly index: number;
  readonly mask: Mask;
}

/** A mask together with the parts that light its cells, as far as both matter in a box. */
export class LayeredMask {
  readonly #whole: Mask;
  readonly #layers: readonly Layer[];

  /** How many parts there are in all, hidden ones and those without a cell here too. */
  readonly parts: number;

  private constructor(whole: Mask, layers: readonly Layer[], parts: number) {
    this.#whole = whole;
    this.#layers = layers;
    this.parts = parts;
  }

  /** How many parts may light cells here. */
  get lit(): number {
    return this.#layers.length;
  }

  /**
   * Binds a pattern and its parts. Parts with a `hidden` label light nothing; the others keep their index. Throws
   * PatternError.
   */
  static of(
    pattern: Pattern,
    shape: Shape,
    hidden: readonly string[] = [],
  ): { readonly mask: LayeredMask; readonly parts: readonly Part[] } {
    const parts = partsOf(pattern, shape);
    const mask = LayeredMask.ofParts(
      withoutParts(pattern, shape, hidden),
      parts.map(part => (hidden.includes(part.label) ? null : part.pattern)),
      shape,
    );
    return { mask, parts };
  }

  /** Binds a pattern and others that light its cells, each with its place in the list as its index. Throws PatternError. */
  static ofParts(pattern: Pattern, parts: readonly (Pattern | null)[], shape: Shape): LayeredMask {
    const layers = parts.flatMap((part, index) => (part === null ? [] : [{ index, mask: bindPattern(part, shape) }]));
    return new LayeredMask(bindPattern(pattern, shape), layers, parts.length);
  }

  /** The same of masks that are bound already. */
  static ofMasks(whole: Mask, masks: readonly Mask[]): LayeredMask {
    return new LayeredMask(
      whole,
      masks.map((mask, index) => ({ index, mask })),
      masks.length,
    );
  }

  /** The same inside a box: null when the box is empty. */
  narrow(box: Box): LayeredMask | null {
    const whole = narrow(this.#whole, box);
    if (whole === NOTHING) return null;
    const layers: Layer[] = [];
    for (const { index, mask } of this.#layers) {
      // A pattern of one part is that part, and finding out what is in a box may take long.
      const rest = mask === this.#whole ? whole : narrow(mask, box);
      if (rest !== NOTHING) layers.push({ index, mask: rest });
    }
    return new LayeredMask(whole, layers, this.parts);
  }

  /**
   * The parts that light every cell of the box this mask was narrowed to, in source order; undefined where cells differ.
   * `firstOnly`: as far as only the first part of a cell counts.
   */
  uniform(firstOnly: boolean): readonly number[] | undefined {
    if (this.#whole !== EVERYTHING) return undefined;
    const [first] = this.#layers;
    if (firstOnly) return first?.mask === EVERYTHING ? [first.index] : undefined;
    return this.#layers.every(({ mask }) => mask === EVERYTHING) ? this.#layers.map(({ index }) => index) : undefined;
  }

  /** Boxes of one size with equal signatures look the same. Of an already narrowed mask. */
  signature(box: Box): string | undefined {
    let name = this.#whole === EVERYTHING ? 'all' : signatureOf(this.#whole, box);
    for (const { index, mask } of this.#layers) {
      if (name === undefined) return undefined;
      const own = mask === EVERYTHING ? 'all' : signatureOf(mask, box);
      name = own === undefined ? undefined : `${name};${index}=${own}`;
    }
    return name;
  }

  /** The cells themselves, of the box this mask was narrowed to, where they are a short list. */
  get points(): PointsMask | undefined {
    return this.#whole instanceof PointsMask ? this.#whole : undefined;
  }

  /** Calls back with each such cell, row by row, and the parts that light it; `firstOnly`: with the first of them. */
  eachPoint(
    points: PointsMask,
    firstOnly: boolean,
    cell: (row: number, column: number, parts: readonly number[]) => void,
  ): void {
    const lightsAll = ({ mask }: Layer): boolean => mask === points || mask === EVERYTHING;
    if (this.#layers.every(lightsAll)) {
      const parts = this.#layers.map(({ index }) => index).slice(0, firstOnly ? 1 : undefined);
      points.each((row, column) => cell(row, column, parts));
      return;
    }
    const parts: number[] = [];
    const add = (part: number): void => {
      parts.push(part);
    };
    points.each((row, column) => {
      parts.length = 0;
      if (firstOnly) this.firstWord(row, column, 1, add);
      else this.word(row, column, 1, add);
      cell(row, column, parts);
    });
  }

  /** For 32 keys of a row: calls `lit` with each part that lights some of them and all that it lights, in source order. */
  word(row: number, column: number, inside: number, lit: (part: number, bits: number) => void): void {
    const whole = this.#whole.word(row, column) & inside;
    if (whole === 0) return;
    for (const { index, mask } of this.#layers) {
      const bits = whole & mask.word(row, column);
      if (bits !== 0) lit(index, bits);
    }
  }

  /** As `word`, but each cell counts for the first of its parts alone. */
  firstWord(row: number, column: number, inside: number, lit: (part: number, bits: number) => void): void {
    let rest = this.#whole.word(row, column) & inside;
    for (const { index, mask } of this.#layers) {
      if (rest === 0) return;
      const bits = rest & mask.word(row, column);
      if (bits !== 0) lit(index, bits);
      rest &= ~bits;
    }
  }
}
