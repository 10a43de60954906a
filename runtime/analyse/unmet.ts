/** Positions that were not met yet, in time that follows their number and not how often they are met. */
export class Unmet {
  /** How many there are. */
  left: number;
  /** For each position one at or after it, on the way to the next that was not met. */
  readonly #next: Int32Array;

  constructor(tokens: number) {
    this.left = tokens;
    this.#next = Int32Array.from({ length: tokens + 1 }, (_, position) => position);
  }

  isMet(position: number): boolean {
    return this.#next[position] !== position;
  }

  /** Is any of the positions `from` to `to` - 1 left? */
  isAny(from: number, to: number): boolean {
    return this.#nextFrom(from) < to;
  }

  /** Meets the positions `from` to `to` - 1, and tells `visit` those that were not met before. */
  meet(from: number, to: number, visit?: (position: number) => void): void {
    for (let position = this.#nextFrom(from); position < to; position = this.#nextFrom(position)) {
      this.#next[position] = position + 1;
      this.left--;
      visit?.(position);
    }
  }

  #nextFrom(position: number): number {
    let at = position;
    for (let next = this.#next[at] ?? at; next !== at; next = this.#next[at] ?? at) {
      // Halves the way for whoever comes next.
      const beyond = this.#next[next] ?? next;
      this.#next[at] = beyond;
      at = beyond;
    }
    return at;
  }
}
