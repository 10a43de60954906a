import type { PreviewLock } from '../preview/messages.ts';
import type { Previews } from '../preview/previews.ts';
import type { RestartableClient } from '../restartable-client.ts';
import { chooseInFile, subjectOf } from './subject.ts';

/** `Sparse: Open Preview`: the one that follows the editor. */
export async function openPreview(argument: unknown, previews: Previews, client: RestartableClient): Promise<void> {
  const subject = await subjectOf(argument, previews, client);
  if (subject !== undefined) previews.open(subject.uri, subject.name);
}

/** `Sparse: Open Locked Preview` and `... Locked to Pattern`: one that keeps to the file, or to one of its declarations. */
export function openLockedPreview(lock: 'file' | 'pattern') {
  return async (argument: unknown, previews: Previews, client: RestartableClient): Promise<void> => {
    const subject = await subjectOf(argument, previews, client);
    if (subject === undefined) return;
    const name =
      subject.name ??
      (lock === 'pattern' ? await chooseInFile(subject.uri, client, 'Open Preview Locked to Pattern') : undefined);
    if (lock === 'file' || name !== undefined) previews.openLocked(subject.uri, name, lock);
  };
}

/** `Sparse: Lock Preview to File`, `... to Pattern` and `Unlock Preview`, of the preview that has the focus. */
export function lockPreview(lock: PreviewLock) {
  return async (_: unknown, previews: Previews): Promise<void> => {
    const preview = previews.active;
    if (preview === undefined) throw new Error('Click into a preview of a .sparse file first.');
    if (lock === 'pattern' && preview.name === null)
      throw new Error('This preview shows no pattern that it could keep to.');
    previews.lock(preview, lock);
  };
}
