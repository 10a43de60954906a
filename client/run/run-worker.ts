import { type AttentionHosts, createAttention } from '../../runtime/attention/attention.ts';
import { webWorkers } from '../../runtime/attention/cpu/workers.web.ts';
import { createGpuRowSelector } from '../../runtime/dynamic/gpu/gpu-row-selector.ts';
import { createRowSelector } from '../../runtime/dynamic/rows/row-selector.ts';
import type { FromRuns, ToRuns } from './run-messages.ts';
import { serveRuns } from './serve-runs.ts';

/** Runs attention in a worker of the preview's page, so that that stays responsive, or in a process (run-process.node.ts). */
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
const otherwise = createRowSelector({ workers: hosts.workers });
const rows = hosts.gpu === undefined ? otherwise : createGpuRowSelector({ open: hosts.gpu, otherwise });
const serve = serveRuns(createAttention(hosts), rows, send, sparseHosts === undefined ? KEPT_BYTES : 0);

self.onmessage = ({ data }: MessageEvent<ToRuns>) => {
  if (data.kind === 'kernels') known = data.known;
  else serve(data);
};
