/** Bits of a float32 that a bin does not tell apart: bins are 1/2,048 wide, relative to what lies in them. */
const SHIFT = 12;
/** Probabilities are at most 1, whose bits are these; sums may round a little above. */
const BINS = (0x3f800000 >>> SHIFT) + 2;

/** The probabilities of many pairs by size: what the most probable ones hold together. */
export class Oracle {
  readonly #counts = new Float64Array(BINS);
  readonly #masses = new Float64Array(BINS);
  #rows = 0;
  #pairs = 0;

  /**
   * Adds a row.
   *
   * @param p float32 probabilities of the keys that the row sees, aligned to 4 bytes
   * @param keys of the row, with those that it does not see
   */
  add(p: Float32Array, keys: number): void {
    const bits = new Uint32Array(p.buffer, p.byteOffset, p.length);
    for (let key = 0; key < p.length; key++) {
      const bin = Math.min(BINS - 1, Number(bits[key]) >>> SHIFT);
      this.#counts[bin] = Number(this.#counts[bin]) + 1;
      this.#masses[bin] = Number(this.#masses[bin]) + Number(p[key]);
    }
    this.#rows++;
    this.#pairs += keys;
  }

  /**
   * The most that any mask can keep of the rows that were added, and of others like them: their most probable pairs, however
   * many a row or a head gets of them. An upper bound, above the truth by at most 1/2,048 of what lies in one bin.
   *
   * @param density pairs of the mask / all pairs
   */
  recall(density: number): number {
    let left = density * this.#pairs;
    let sum = 0;
    for (let bin = BINS - 1; bin >= 0 && left > 0; bin--) {
      const count = Number(this.#counts[bin]);
      if (count === 0) continue;
      const mass = Number(this.#masses[bin]);
      const taken = Math.min(left, count);
      sum += taken === count ? mass : Math.min(mass, ((taken * mass) / count) * (1 + 2 ** (SHIFT - 23)));
      left -= taken;
    }
    return this.#rows === 0 ? 0 : Math.min(1, sum / this.#rows);
  }
}
