import type { Previews } from '../preview/previews.ts';
import type { RestartableClient } from '../restartable-client.ts';
import { subjectOf } from './subject.ts';

/** `Sparse: Suggest a Pattern`: the section of the preview that does it, which is opened where there is none. */
export async function suggestPattern(argument: unknown, previews: Previews, client: RestartableClient): Promise<void> {
  const subject = await subjectOf(argument, previews, client);
  if (subject !== undefined) previews.open(subject.uri, subject.name).openSection('suggest');
}
