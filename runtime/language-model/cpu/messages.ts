import type { Configuration } from '../configuration.ts';
import type { RowResult, RowTask, Stage } from './stages.ts';

/** Main thread to worker. */
export type ToWorker =
  | { readonly type: 'load'; readonly wasm: Uint8Array<ArrayBuffer>; readonly configuration: Configuration }
  /** The stage of the rows that follow. */
  | { readonly type: 'stage'; readonly stage: Stage }
  | { readonly type: 'rows'; readonly task: RowTask };

/** Worker to main thread. */
export type FromWorker =
  | { readonly type: 'ready' }
  /** What one `rows` message came to. */
  | { readonly type: 'done'; readonly result: RowResult }
  | { readonly type: 'failed'; readonly reason: string };
