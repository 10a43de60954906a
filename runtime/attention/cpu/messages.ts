import type { TilePlan } from '../../compile/tile-plan.ts';
import type { Computation } from './compute.ts';

/** Main thread to worker. */
export type ToWorker =
  | { readonly type: 'load'; readonly wasm: Uint8Array<ArrayBuffer> }
  /** Everything of a run in shared memory: compute items of the queue with these counters until none is left. */
  | { readonly type: 'compute'; readonly run: Computation; readonly taken: Int32Array }
  /** Where memory is not shared, pieces of a run come one after the other: plans, keys, row blocks. */
  | { readonly type: 'plans'; readonly plans: readonly TilePlan[]; readonly headDim: number; readonly scale: number }
  /** Keys and values of the group that the following work is about, [keys][headDim] each, and its tile. */
  | { readonly type: 'keys'; readonly k: Float32Array; readonly v: Float32Array; readonly tile: TilePlan['tile'] }
  /** Row blocks to compute; `q` holds their query rows one after the other. */
  | { readonly type: 'work'; readonly blocks: readonly BlockAddress[]; readonly q: Float32Array }
  /** Forget plans and tensors. */
  | { readonly type: 'clear' };

/** Worker to main thread. */
export type FromWorker =
  | { readonly type: 'ready' }
  /** Multiply-adds computed since the last such message. */
  | { readonly type: 'progress'; readonly cost: number }
  /** `compute` is done. */
  | { readonly type: 'computed' }
  /** Outputs of one `work` message, block after block. */
  | { readonly type: 'done'; readonly o: Float32Array; readonly lse: Float32Array }
  | { readonly type: 'failed'; readonly reason: string };

export interface BlockAddress {
  readonly plan: number;
  readonly block: number;
}
