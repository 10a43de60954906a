// Runs in a worker of the page, one for each measurement or search: it is ended when the user cancels, wherever it is.
import { openSurveyor } from '../../../runtime/analyse/quality/open-surveyor.ts';
import { type AttentionHosts, createAttention } from '../../../runtime/attention/attention.ts';
import { webWorkers } from '../../../runtime/attention/cpu/workers.web.ts';
import { createRowSelector } from '../../../runtime/dynamic/rows/row-selector.ts';
import type { Suggested, SuggestJob } from '../suggest/suggest-messages.ts';
import { suggestPattern } from '../suggest/suggest-pattern.ts';
import type { FromTask } from '../worker-task.ts';
import { measureModel } from './measure-model.ts';
import { measureTensors } from './measure-tensors.ts';
import type { QualityJob, QualityResults } from './quality-messages.ts';

const say = (message: FromTask<Result>): void => self.postMessage(message);

type Job = QualityJob | SuggestJob;
type Result = QualityResults[QualityJob['kind']] | Suggested;

self.onmessage = ({ data }: MessageEvent<Job>): void => {
  work(data).catch((error: unknown) =>
    say({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
};

async function work(job: Job): Promise<void> {
  const hosts: AttentionHosts = {
    gpu: async () => {
      const gpu = navigator.gpu as GPU | undefined;
      return gpu === undefined ? { reason: 'this editor has no WebGPU' } : { gpu };
    },
    workers: webWorkers(),
  };
  const attention = createAttention(hosts);
  const rows = createRowSelector({ workers: hosts.workers });
  const surveyor = openSurveyor(hosts);
  const onProgress = (share: number, doing: string): void => say({ type: 'progress', share, doing });
  const resultOf = (of: Job): Promise<Result> => {
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
    const result = await resultOf(job);
    say({ type: 'done', result });
  } finally {
    attention.dispose();
    rows.dispose();
    surveyor.dispose();
  }
}
