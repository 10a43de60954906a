/** Queries, keys and values of all heads, [heads][n][headDim], queries and keys turned by their positions. */
export interface Projection {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

export type DenseId = 'gpu' | 'cpu' | 'reference';

/**
 * What a model does with each position by itself: norms, matrix products, rotary positions, MLP and loss; all but
 * attention. x is the residual stream [n][dim], float32. Every method throws an AbortError when the signal fires.
 */
export interface Dense {
  readonly id: DenseId;
  /** Adapter or processor, for people. */
  readonly device: string;
  /** `qkv(norm1(x))` of a layer, by head and turned, in arrays that are the caller's from then on. */
  project(layer: number, x: Float32Array, signal?: AbortSignal): Promise<Projection>;
  /**
   * x after a layer: `y = x + out(attended)`, then `y + down(gelu(up(norm2(y))))`.
   *
   * @param attended [heads][n][headDim], as attention gives it
   */
  finish(layer: number, x: Float32Array, attended: Float32Array, signal?: AbortSignal): Promise<Float32Array>;
  /**
   * `-log2 p(target)` at each position, for `p = softmax(norm(x) embed^T)`.
   *
   * @param targets [n] bytes
   * @returns [n] bits
   */
  predict(x: Float32Array, targets: Uint8Array, signal?: AbortSignal): Promise<Float32Array>;
  /** What did not go as it should, in words for the user. */
  notes(): readonly string[];
  dispose(): void;
}
