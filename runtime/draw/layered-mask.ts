import { EVERYTHING, NOTHING, narrow, signatureOf } from '../pattern/algebra.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Pattern } from '../pattern/ir.ts';
import type { Box, Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
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

  private constructor(whole: Mask, layers: readonly Layer[]) {
    this.#whole = whole;
    this.#layers = layers;
  }

  /** Binds a pattern and its parts. Throws PatternError. */
  static of(pattern: Pattern, shape: Shape): { readonly mask: LayeredMask; readonly parts: readonly Part[] } {
    const whole = bindPattern(pattern, shape);
    const parts = partsOf(pattern, shape);
    const layers = parts.map((part, index) => ({ index, mask: bindPattern(part.pattern, shape) }));
    return { mask: new LayeredMask(whole, layers), parts };
  }

  /** The same inside a box: null when the box is empty. */
  narrow(box: Box): LayeredMask | null {
    const whole = narrow(this.#whole, box);
    if (whole === NOTHING) return null;
    const layers: Layer[] = [];
    for (const { index, mask } of this.#layers) {
      const rest = narrow(mask, box);
      if (rest === NOTHING) continue;
      layers.push({ index, mask: rest });
      // What comes after a part that fills the box can never be first.
      if (rest === EVERYTHING) break;
    }
    return new LayeredMask(whole, layers);
  }

  /** The part that lights every cell of the box this mask was narrowed to, or undefined when there is no single one. */
  get uniform(): number | undefined {
    const [first] = this.#layers;
    return this.#whole === EVERYTHING && first?.mask === EVERYTHING ? first.index : undefined;
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

  /** For 32 keys of a row: calls `lit` with each part that is first for some of them, and their bits. */
  word(row: number, column: number, inside: number, lit: (part: number, bits: number) => void): void {
    let rest = this.#whole.word(row, column) & inside;
    for (const { index, mask } of this.#layers) {
      if (rest === 0) return;
      const bits = rest & mask.word(row, column);
      if (bits !== 0) lit(index, bits);
      rest &= ~bits;
    }
  }
}
