import type { TilePlan } from '../../compile/tile-plan.ts';

/** Main thread to worker. */
export type ToWorker =
  | { readonly type: 'load'; readonly wasm: Uint8Array<ArrayBuffer> }
  | { readonly type: 'plans'; readonly plans: readonly TilePlan[]; readonly headDim: number; readonly scale: number }
  /** Keys and values of the head that the following work is about: [keys][headDim] each. */
  | { readonly type: 'head'; readonly k: Float32Array; readonly v: Float32Array }
  /** Row blocks to compute; `q` holds their query rows one after the other. */
  | { readonly type: 'work'; readonly blocks: readonly BlockAddress[]; readonly q: Float32Array }
  /** Forget plans and tensors. */
  | { readonly type: 'clear' };

/** Worker to main thread. */
export type FromWorker =
  | { readonly type: 'ready' }
  /** Outputs of one `work` message, block after block. */
  | { readonly type: 'done'; readonly o: Float32Array; readonly lse: Float32Array }
  | { readonly type: 'failed'; readonly reason: string };

export interface BlockAddress {
  readonly plan: number;
  readonly block: number;
}
