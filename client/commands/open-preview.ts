import type { Previews } from '../preview/previews.ts';
import type { RestartableClient } from '../restartable-client.ts';
import { subjectOf } from './subject.ts';

/** `Sparse: Open Preview`. */
export async function openPreview(argument: unknown, previews: Previews, client: RestartableClient): Promise<void> {
  const subject = await subjectOf(argument, previews, client);
  if (subject !== undefined) previews.open(subject.uri, subject.name);
}
