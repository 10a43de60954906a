import type { AttentionResult } from './types.ts';

/** A result over keys that were chosen by content, with the milliseconds that choosing took; null: nothing was chosen. */
export function withSelectionTime(result: AttentionResult, selectMs: number | null): AttentionResult {
  return selectMs === null ? result : { ...result, timing: { ...result.timing, selectMs } };
}
