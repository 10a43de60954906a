import { breathe, throwIfAborted } from '../attention/abort.ts';
import { philox } from '../pattern/philox.ts';
import { keysOf } from './rows/chosen-rows.ts';
import { type Dots, dotsWith } from './rows/dots.ts';
import { nearest, nearestOne } from './rows/nearest.ts';
import type { RowProgress, RowSelector } from './rows/row-rule.ts';

/** How long the calling thread computes before it lets others have their turn. */
const SLICE_MS = 25;

export interface ClusterOptions extends RowProgress {
  readonly clusters: number;
  /** Rounds of k-means at most; it ends when nothing changes. */
  readonly iterations: number;
  readonly seed: number;
  /** Finds the nearest centres. */
  readonly rows: RowSelector;
  /** Asked now and then; throwing stops it. */
  readonly checkpoint?: (() => void) | undefined;
}

/**
 * Spherical k-means (Dhillon & Modha, 2001): vectors are scaled to length 1, each joins the centre with the largest dot
 * product, of equal ones the first, and centres move to the direction of the sum of their vectors. A centre without
 * vectors, or whose vectors cancel out, stays where it is.
 *
 * The first centres are drawn as k-means++ does (Arthur & Vassilvitskii, 2007): each vector with a chance in proportion to
 * 1 - its largest dot product with the centres before. Draw t is the first 53 bits of Philox4x32-10 with counter (t, 0, 0, 0)
 * and key (seed mod 2**32, floor(seed / 2**32)). There are fewer centres when no vector is apart from those that exist.
 */
export class SphericalClusters {
  /** [vectors]: cluster of each vector, in the order given. */
  readonly labels: Uint32Array;
  readonly #vectors: Float64Array;
  readonly #size: number;
  readonly #centres: Float64Array;
  readonly #options: ClusterOptions;
  #count = 0;

  private constructor(vectors: Float64Array, size: number, options: ClusterOptions) {
    this.#size = size;
    this.#options = options;
    this.#vectors = vectors;
    const count = vectors.length / size;
    this.labels = new Uint32Array(count);
    this.#centres = new Float64Array(Math.min(options.clusters, count) * size);
  }

  /**
   * Finds clusters.
   *
   * @param parts row-major vectors of `size` numbers
   */
  static async of(
    parts: readonly Float32Array[],
    size: number,
    options: ClusterOptions,
    open: typeof dotsWith = dotsWith,
  ): Promise<SphericalClusters> {
    const vectors = normalised(parts, size);
    const found = new SphericalClusters(vectors, size, options);
    const { iterations, signal, onProgress } = options;
    await found.#draw(await open(vectors, size));
    await found.#assign();
    for (let iteration = 0; iteration < iterations; iteration++) {
      throwIfAborted(signal);
      onProgress?.((iteration + 1) / (iterations + 1));
      found.#move();
      if (!(await found.#assign())) break;
    }
    return found;
  }

  /**
   * For each cluster the `most` vectors among `count` of them from `first` on that are nearest to its centre, ties to the
   * smaller place; places are counted from `first`, ascending.
   */
  async nearest(first: number, count: number, most: number): Promise<Uint32Array[]> {
    const vectors = this.#vectors.subarray(first * this.#size, (first + count) * this.#size);
    const { rows, signal } = this.#options;
    return keysOf(await nearest(rows, this.#known(), vectors, this.#size, most, { signal }), count);
  }

  /** The centres that there are. */
  #known(): Float64Array {
    return this.#centres.subarray(0, this.#count * this.#size);
  }

  #centre(cluster: number): Float64Array {
    return this.#centres.subarray(cluster * this.#size, (cluster + 1) * this.#size);
  }

  /** Chooses the first centres. */
  async #draw(dots: Dots): Promise<void> {
    const { seed, checkpoint, signal } = this.#options;
    const most = this.#centres.length / this.#size;
    const vectors = this.labels.length;
    const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
    // 1 - the largest dot product with the centres so far.
    const apart = new Float64Array(vectors).fill(1);
    let total = vectors;
    let since = performance.now();
    while (this.#count < most && total > 0) {
      checkpoint?.();
      if (performance.now() - since > SLICE_MS) {
        await breathe();
        throwIfAborted(signal);
        since = performance.now();
      }
      const [high, low] = philox([this.#count, 0, 0, 0], key);
      const drawn = ((high * 2 ** 21 + (low >>> 11)) / 2 ** 53) * total;
      const vector = placeIn(apart, drawn);
      const centre = this.#count++;
      this.#centres.set(this.#vectors.subarray(vector * this.#size, (vector + 1) * this.#size), centre * this.#size);
      total = 0;
      dots.with(this.#centre(centre), (_, products) => {
        for (let other = 0; other < vectors; other++) {
          const distance = 1 - (products[other] as number);
          // What is left of a vector beside itself is rounding.
          if (distance < (apart[other] as number)) apart[other] = distance < 1e-12 ? 0 : distance;
          total += apart[other] as number;
        }
      });
    }
  }

  /** Lets each vector join the nearest centre; says whether any changed. */
  async #assign(): Promise<boolean> {
    const { rows, checkpoint, signal } = this.#options;
    checkpoint?.();
    const labels = await nearestOne(rows, this.#vectors, this.#known(), this.#size, { signal });
    const changed = labels.some((label, vector) => label !== this.labels[vector]);
    this.labels.set(labels);
    return changed;
  }

  #move(): void {
    const sums = new Float64Array(this.#count * this.#size);
    this.labels.forEach((label, vector) => {
      for (let d = 0; d < this.#size; d++)
        sums[label * this.#size + d] =
          (sums[label * this.#size + d] as number) + (this.#vectors[vector * this.#size + d] as number);
    });
    for (let centre = 0; centre < this.#count; centre++) {
      const sum = sums.subarray(centre * this.#size, (centre + 1) * this.#size);
      if (normalise(sum)) this.#centres.set(sum, centre * this.#size);
    }
  }
}

/** The first place up to which the weights add up to more than `sum`; of weights that fall short by rounding, the last above 0. */
function placeIn(weights: Float64Array, sum: number): number {
  let last = 0;
  let reached = 0;
  for (let place = 0; place < weights.length; place++) {
    const weight = weights[place] as number;
    if (weight === 0) continue;
    last = place;
    reached += weight;
    if (reached > sum) break;
  }
  return last;
}

function normalised(parts: readonly Float32Array[], size: number): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  for (let start = 0; start < all.length; start += size) normalise(all.subarray(start, start + size));
  return all;
}

/** Scales to length 1; false when there is no length. */
function normalise(vector: Float64Array): boolean {
  let square = 0;
  for (const value of vector) square += value * value;
  const length = Math.sqrt(square);
  if (length === 0) return false;
  for (let d = 0; d < vector.length; d++) vector[d] = (vector[d] as number) / length;
  return true;
}
