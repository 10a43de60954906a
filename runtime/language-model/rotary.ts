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
