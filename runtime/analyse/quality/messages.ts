import type { HeadTotals, SurveyedKeys } from './survey.ts';
import type { SurveyedRows } from './survey-rows.ts';

/** Main thread to worker. */
export type ToSurveyWorker =
  /** The kernel. */
  | { readonly type: 'load'; readonly wasm: Uint8Array<ArrayBuffer> }
  /** The head that the following work is about. */
  | { readonly type: 'head'; readonly head: SurveyedKeys }
  | { readonly type: 'rows'; readonly rows: SurveyedRows };

/** Worker to main thread. */
export type FromSurveyWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'surveyed'; readonly totals: HeadTotals }
  | { readonly type: 'failed'; readonly reason: string };
