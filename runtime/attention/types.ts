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

/**
 * How exact a result has to be: `f32`, or `f16` for tensors rounded to float16 with sums in float32, which matrix units are
 * made for. Backends that have nothing faster for f16 compute in f32.
 */
export type Precision = 'f32' | 'f16';

export interface AttentionTiming {
  /** Milliseconds of the attention itself, without uploads, downloads and compilation. */
  readonly kernelMs: number;
  /** The share of `kernelMs` that brought tensors into the order and form that the kernel reads. */
  readonly sortMs: number;
  /** Milliseconds from call to result, without `selectMs`. */
  readonly totalMs: number;
  /** Milliseconds that went before it into choosing keys by content; absent for masks that ask for no content. */
  readonly selectMs?: number;
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
  /** The kernel that was chosen: `tensor 16x16x16 ...`; empty where there is only one. */
  readonly kernel: string;
  /** Why an earlier choice was not used, in words for the user; empty when nothing went wrong. */
  readonly notes: readonly string[];
}

export interface AttentionOptions {
  /** Multiplies q . k; default 1 / sqrt(headDim). */
  readonly scale?: number;
  /** Default f32. */
  readonly precision?: Precision;
  readonly signal?: AbortSignal;
  /** Called with the share of work done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

export interface AttendOptions extends AttentionOptions {
  /**
   * `auto` (default): the fastest that passes its self-check, which is the GPU, else the CPU, else the reference; a
   * graphics device that software imitates comes after the CPU.
   */
  readonly backend?: 'auto' | BackendId;
}

/** What there is to say about a backend's device, as far as it has it. */
export interface BackendFacts {
  /** GPU: features of WebGPU that kernels use where they are there. */
  readonly features?: readonly string[];
  /** GPU: products that its matrix units do, rows x columns x inner, float16 into float32. */
  readonly matrices?: readonly string[];
  /** GPU: invocations of a subgroup, 0 where that is not known; bytes of workgroup memory and of the largest buffer. */
  readonly subgroupSize?: number;
  readonly workgroupBytes?: number;
  readonly bufferBytes?: number;
  /** GPU: imitated on the processor. */
  readonly software?: boolean;
  /** CPU: which build of the kernel, and threads at most. */
  readonly build?: string;
  readonly threads?: number;
}

export interface BackendStatus {
  readonly id: BackendId;
  readonly available: boolean;
  /** Adapter or processor; empty when it is not available. */
  readonly device: string;
  /** Why it is not available, in words for the user; empty when it is. */
  readonly reason: string;
  readonly facts: BackendFacts;
}

/** One way to compute attention. */
export interface Backend {
  readonly id: BackendId;
  readonly device: string;
  readonly facts?: BackendFacts;
  /** A graphics device that is imitated on the processor: right, but slower than the CPU kernel. */
  readonly imitated?: boolean;
  run(input: AttentionInput, parts: PlanParts, options: AttentionOptions): Promise<AttentionResult>;
  dispose(): void;
}
