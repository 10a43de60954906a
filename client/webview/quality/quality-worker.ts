// Runs in a worker of the page, one for each measurement: it is ended when the user cancels, wherever it is.
import { openSurveyor } from '../../../runtime/analyse/quality/open-surveyor.ts';
import { type AttentionHosts, createAttention } from '../../../runtime/attention/attention.ts';
import { webWorkers } from '../../../runtime/attention/cpu/workers.web.ts';
import { createRowSelector } from '../../../runtime/dynamic/rows/row-selector.ts';
import { measureModel } from './measure-model.ts';
import { measureTensors } from './measure-tensors.ts';
import type { FromQualityWorker, QualityJob } from './quality-messages.ts';

const say = (message: FromQualityWorker): void => self.postMessage(message);

self.onmessage = ({ data }: MessageEvent<QualityJob>): void => {
  measure(data).catch((error: unknown) =>
    say({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
};

async function measure(job: QualityJob): Promise<void> {
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
  try {
    const result =
      job.kind === 'tensors'
        ? await measureTensors(job, attention, rows, surveyor, onProgress)
        : await measureModel(job, attention, rows, hosts, onProgress);
    say({ type: 'done', result });
  } finally {
    attention.dispose();
    rows.dispose();
    surveyor.dispose();
  }
}
