import { type AttentionHosts, createAttention } from '../../runtime/attention/attention.ts';
import { webWorkers } from '../../runtime/attention/cpu/workers.web.ts';
import { openRowSelector } from '../../runtime/dynamic/open-row-selector.ts';
import { type PageJob, workOn } from '../webview/quality/page-job.ts';
import type { FromRuns, ToRuns } from './run-messages.ts';
import { serveRuns } from './serve-runs.ts';

/**
 * What takes long, in workers of the preview's page, so that that stays responsive: runs of attention in one that stays, also as
 * a process (run-process.node.ts); measurements and searches in one each, which ends with it.
 */
declare const self: Pick<DedicatedWorkerGlobalScope, 'onmessage' | 'postMessage'>;

const send = (message: FromRuns, transfer: ArrayBuffer[] = []): void => self.postMessage(message, transfer);
let known: Readonly<Record<string, string>> = {};

/** What a process has in the place of a browser. */
const { sparseHosts } = globalThis as { readonly sparseHosts?: AttentionHosts };

function ofBrowser(): AttentionHosts {
  return {
    gpu: async () => {
      const gpu = navigator.gpu as GPU | undefined;
      return gpu === undefined ? { reason: 'this editor has no WebGPU' } : { gpu };
    },
    workers: webWorkers(),
    kernels: {
      get: key => (Object.hasOwn(known, key) ? known[key] : undefined),
      set(key, kernel) {
        known = { ...known, [key]: kernel };
        send({ kind: 'kernel', key, kernel });
      },
    },
  };
}

/** Tensors that stay for questions about weights, which a process is not asked. */
const KEPT_BYTES = 2 ** 26;

const hosts = sparseHosts ?? ofBrowser();
let serve: ((message: ToRuns) => void) | undefined;

self.onmessage = ({ data }: MessageEvent<ToRuns | PageJob>) => {
  switch (data.kind) {
    case 'kernels':
      known = data.known;
      break;
    case 'ask':
    case 'cancel':
      serve ??= serveRuns(
        createAttention(hosts),
        openRowSelector(hosts),
        send,
        sparseHosts === undefined ? KEPT_BYTES : 0,
      );
      serve(data);
      break;
    default:
      void workOn(data, hosts, message => self.postMessage(message));
  }
};
