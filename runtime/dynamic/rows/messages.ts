import type { BlockRange } from './choose-rows.ts';
import type { ChosenRows } from './chosen-rows.ts';
import type { RowRequest, Vectors } from './row-rule.ts';

/** Main thread to worker, beside `load`. */
export type ToRowWorker =
  | { readonly type: 'load'; readonly wasm: Uint8Array<ArrayBuffer> }
  /** The head that the following work is about. */
  | { readonly type: 'head'; readonly head: Omit<RowRequest, 'q'> }
  /** Row blocks to choose keys for, with their query rows. */
  | { readonly type: 'rows'; readonly range: BlockRange; readonly q: Vectors };

/** Worker to main thread. */
export type FromRowWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'chosen'; readonly rows: ChosenRows }
  | { readonly type: 'failed'; readonly reason: string };
