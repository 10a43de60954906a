import type { PreviewLock, PreviewState } from './messages.ts';

/** What VS Code kept of a preview, if this version understands it. */
export function previewState(state: unknown): PreviewState | undefined {
  if (typeof state !== 'object' || state === null) return undefined;
  const { id, uri, name, lock } = state as Record<string, unknown>;
  if (typeof uri !== 'string') return undefined;
  // A page that was never told its file has no id yet.
  return {
    version: 2,
    id: typeof id === 'string' ? id : '',
    uri,
    name: typeof name === 'string' ? name : null,
    lock: lockOf(lock),
  };
}

/** Of what an older version kept, each was the preview of its file. */
function lockOf(lock: unknown): PreviewLock {
  return lock === null || lock === 'pattern' ? lock : 'file';
}
