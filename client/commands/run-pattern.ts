import type { Previews } from '../preview/previews.ts';
import type { RestartableClient } from '../restartable-client.ts';
import { subjectOf } from './subject.ts';

/** `Sparse: Run Pattern`: attention runs in a preview that shows it, or else in the one that follows the editor. */
export async function runPattern(argument: unknown, previews: Previews, client: RestartableClient): Promise<void> {
  const subject = await subjectOf(argument, previews, client);
  if (subject === undefined) return;
  const { uri, name } = subject;
  (subject.preview ?? previews.showing(uri, name) ?? previews.open(uri, name)).run();
}
