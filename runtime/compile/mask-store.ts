/** Distinct masks of one size, numbered in the order in which they come. */
export class MaskStore {
  readonly #size: number;
  readonly #buckets = new Map<number, number[]>();
  #words: Uint32Array;
  #count = 0;

  /** Bytes of all masks. */
  get bytes(): number {
    return 4 * this.#size * this.#count;
  }

  /** `size`: 32-bit words of one mask. */
  constructor(size: number) {
    this.#size = size;
    this.#words = new Uint32Array(16 * size);
  }

  /** Number of this mask; equal masks have equal numbers. The words are copied. */
  idOf(mask: Uint32Array): number {
    const hash = hashOf(mask);
    const bucket = this.#buckets.get(hash);
    const known = bucket?.find(id => this.#equals(id, mask));
    if (known !== undefined) return known;
    const id = this.#count++;
    if (this.#words.length < this.#count * this.#size) {
      const grown = new Uint32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words.set(mask, id * this.#size);
    if (bucket === undefined) this.#buckets.set(hash, [id]);
    else bucket.push(id);
    return id;
  }

  /** All masks, one after the other. */
  contents(): Uint32Array {
    return this.#words.slice(0, this.#count * this.#size);
  }

  #equals(id: number, mask: Uint32Array): boolean {
    const start = id * this.#size;
    for (let word = 0; word < this.#size; word++) if (this.#words[start + word] !== mask[word]) return false;
    return true;
  }
}

/** FNV-1a over words, with a final mix so that single bits reach all of the hash. */
function hashOf(words: Uint32Array): number {
  let hash = 0x811c9dc5;
  for (let word = 0; word < words.length; word++) {
    hash = Math.imul(hash ^ (words[word] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
