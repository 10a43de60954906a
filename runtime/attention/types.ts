import type { TilePlan } from '../compile/tile-plan.ts';

/** Queries, keys and values of one sequence, row-major float32 (f16 input is widened when it is read). */
export interface AttentionInput {
  /** [heads][queries][headDim] */
  readonly q: Float32Array;
  /** [kvHeads][keys][headDim] */
  readonly k: Float32Array;
  /** [kvHeads][keys][headDim] */
  readonly v: Float32Array;
  readonly heads: number;
  /** Divides `heads`; query head h reads key/value head floor(h * kvHeads / heads). */
  readonly kvHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly headDim: number;
}

/** Which mask each head uses: `plans[headPlan[h]]`. Heads that share a mask share a plan. */
export interface HeadPlans {
  readonly plans: readonly TilePlan[];
  /** [heads] */
  readonly headPlan: readonly number[];
}

/**
 * Masks in disjoint parts: query head h attends to the pairs of `parts[p].plans[parts[p].headPlan[h]]` for every p. Each
 * plan may have an order of queries and keys of its own.
 */
export type PlanParts = readonly HeadPlans[];

export type BackendId = 'gpu' | 'cpu' | 'reference';

export interface AttentionTiming {
  /** Milliseconds of the attention itself, without uploads, downloads and compilation. */
  readonly kernelMs: number;
  /** Milliseconds from call to result. */
  readonly totalMs: number;
}

export interface AttentionResult {
  /** [heads][queries][headDim]; zeros for a query without keys. */
  readonly o: Float32Array;
  /** [heads][queries] natural log of the sum of exp(score); -Infinity for a query without keys. */
  readonly lse: Float32Array;
  readonly timing: AttentionTiming;
  /** The backend that made this result. */
  readonly backend: BackendId;
  /** Adapter or processor, for people: `SwiftShader`, `NVIDIA H200`, `WASM SIMD, 2 threads`. */
  readonly device: string;
  /** Why an earlier choice was not used, in words for the user; empty when nothing went wrong. */
  readonly notes: readonly string[];
}

export interface AttentionOptions {
  /** Multiplies q . k; default 1 / sqrt(headDim). */
  readonly scale?: number;
  readonly signal?: AbortSignal;
  /** Called with the share of work done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

/** One way to compute attention. Plans are in the order of the sequence: what has another order is sorted before. */
export interface Backend {
  readonly id: BackendId;
  readonly device: string;
  /** A graphics device that is imitated on the processor: right, but slower than the CPU kernel. */
  readonly imitated?: boolean;
  run(input: AttentionInput, plans: HeadPlans, options: AttentionOptions): Promise<AttentionResult>;
  dispose(): void;
}
