/** Results of an operation on two whole numbers: a hash table without an object for each entry. */
export class PairTable {
  readonly #most: number;
  #size = 0;
  #left: Int32Array;
  #right: Int32Array;
  #result: Int32Array;

  /** Forgets everything when it holds `most` results: what was known can be computed again. */
  constructor(most: number) {
    this.#most = most;
    this.#left = new Int32Array(1024);
    this.#right = new Int32Array(1024);
    this.#result = new Int32Array(1024).fill(-1);
  }

  /** The result, or -1. */
  get(left: number, right: number): number {
    return this.#result[this.#slot(left, right)] ?? -1;
  }

  /** `result` is at least 0. */
  set(left: number, right: number, result: number): void {
    if (this.#size >= this.#most) this.#resize(1024, false);
    else if (2 * this.#size >= this.#result.length) this.#resize(2 * this.#result.length, true);
    this.#put(left, right, result);
  }

  #put(left: number, right: number, result: number): void {
    const slot = this.#slot(left, right);
    if (this.#result[slot] === -1) this.#size++;
    this.#left[slot] = left;
    this.#right[slot] = right;
    this.#result[slot] = result;
  }

  /** Where the pair is, or would be. */
  #slot(left: number, right: number): number {
    const last = this.#result.length - 1;
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & last;
    while (this.#result[slot] !== -1 && (this.#left[slot] !== left || this.#right[slot] !== right))
      slot = (slot + 1) & last;
    return slot;
  }

  #resize(length: number, keep: boolean): void {
    const [left, right, result] = [this.#left, this.#right, this.#result];
    this.#left = new Int32Array(length);
    this.#right = new Int32Array(length);
    this.#result = new Int32Array(length).fill(-1);
    this.#size = 0;
    if (!keep) return;
    for (let slot = 0; slot < result.length; slot++)
      if (result[slot] !== -1) this.#put(left[slot] ?? 0, right[slot] ?? 0, result[slot] ?? 0);
  }
}
