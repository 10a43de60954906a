import { openSurveyor } from '../../../runtime/analyse/quality/open-surveyor.ts';
import { type AttentionHosts, createAttention } from '../../../runtime/attention/attention.ts';
import { openRowSelector } from '../../../runtime/dynamic/open-row-selector.ts';
import { messageOf } from '../state.ts';
import type { Suggested, SuggestJob } from '../suggest/suggest-messages.ts';
import { suggestPattern } from '../suggest/suggest-pattern.ts';
import type { FromTask } from '../worker-task.ts';
import { measureModel } from './measure-model.ts';
import { measureTensors } from './measure-tensors.ts';
import type { QualityJob, QualityResults } from './quality-messages.ts';

/** What the page has done in a worker of its own, which is ended when the user cancels, wherever it is. */
export type PageJob = QualityJob | SuggestJob;

type Result = QualityResults[QualityJob['kind']] | Suggested;

/** Does a job and tells how it goes; what goes wrong is told, too. */
export async function workOn(
  job: PageJob,
  hosts: AttentionHosts,
  say: (message: FromTask<Result>) => void,
): Promise<void> {
  const attention = createAttention(hosts);
  const rows = openRowSelector(hosts);
  const surveyor = openSurveyor(hosts);
  const onProgress = (share: number, doing: string): void => say({ type: 'progress', share, doing });
  const resultOf = (of: PageJob): Promise<Result> => {
    switch (of.kind) {
      case 'tensors':
        return measureTensors(of, attention, rows, surveyor, onProgress);
      case 'model':
        return measureModel(of, attention, rows, hosts, onProgress);
      case 'suggest':
        return suggestPattern(of, attention, rows, hosts, onProgress);
    }
  };
  try {
    say({ type: 'done', result: await resultOf(job) });
  } catch (error) {
    say({ type: 'failed', message: messageOf(error) });
  } finally {
    attention.dispose();
    rows.dispose();
    surveyor.dispose();
  }
}
