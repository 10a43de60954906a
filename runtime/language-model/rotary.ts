import type { Configuration } from './configuration.ts';
import type { Projection } from './dense.ts';

/**
 * Rotary positions (Su et al. 2021) as cosines and sines, kept for all positions that were asked for so far. Number d of the
 * first half of a head turns with number d of its second half by `position * base^(-2 d / headDim)`.
 */
export class Rotary {
  readonly #half: number;
  readonly #base: number;
  #positions = 0;
  /** [positions][half][2]: cosine, sine. */
  #turns = new Float32Array(0);

  constructor({ headDim, ropeBase }: { readonly headDim: number; readonly ropeBase: number }) {
    this.#half = headDim / 2;
    this.#base = ropeBase;
  }

  /** [positions or more][headDim / 2][2]: cosine and sine of each turn. */
  turns(positions: number): Float32Array {
    if (positions > this.#positions) {
      const half = this.#half;
      const turns = new Float32Array(2 * half * positions);
      turns.set(this.#turns);
      for (let d = 0; d < half; d++) {
        const frequency = this.#base ** (-d / half);
        for (let position = this.#positions; position < positions; position++) {
          turns[2 * (position * half + d)] = Math.cos(position * frequency);
          turns[2 * (position * half + d) + 1] = Math.sin(position * frequency);
        }
      }
      this.#turns = turns;
      this.#positions = positions;
    }
    return this.#turns;
  }
}

type Heads = Pick<Configuration, 'heads' | 'headDim'>;

/**
 * Puts one position's queries, keys and values where they belong, queries and keys turned.
 *
 * @param all [3][heads][headDim]: queries, keys, values
 * @param turns as `Rotary` gives them for `n` positions
 * @param to [heads][n][headDim] each, written
 */
export function placeHeads(
  all: Float32Array | Float64Array,
  position: number,
  n: number,
  { heads, headDim }: Heads,
  turns: Float32Array,
  { q, k, v }: Projection,
): void {
  const half = headDim / 2;
  for (const [part, to] of [q, k].entries()) {
    for (let head = 0; head < heads; head++) {
      const from = (part * heads + head) * headDim;
      const at = (head * n + position) * headDim;
      for (let d = 0; d < half; d++) {
        const cos = turns[2 * (position * half + d)] ?? 0;
        const sin = turns[2 * (position * half + d) + 1] ?? 0;
        const a = all[from + d] ?? 0;
        const b = all[from + half + d] ?? 0;
        to[at + d] = a * cos - b * sin;
        to[at + half + d] = b * cos + a * sin;
      }
    }
  }
  for (let head = 0; head < heads; head++)
    v.set(
      all.subarray((2 * heads + head) * headDim, (2 * heads + head + 1) * headDim),
      (head * n + position) * headDim,
    );
}

/** One position's numbers of all heads, [heads][headDim], from [heads][n][headDim]. */
export function joinHeads(
  all: Float32Array,
  position: number,
  n: number,
  { heads, headDim }: Heads,
  to: Float32Array | Float64Array,
): void {
  for (let head = 0; head < heads; head++) {
    const at = (head * n + position) * headDim;
    to.set(all.subarray(at, at + headDim), head * headDim);
  }
}
