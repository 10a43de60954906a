import { createAttention } from '../../runtime/attention/attention.ts';
import { webWorkers } from '../../runtime/attention/cpu/workers.web.ts';
import type { FromRuns, ToRuns } from './run-messages.ts';
import { serveRuns } from './serve-runs.ts';

/** The worker of the preview's page that runs attention, so that the page stays responsive. */
declare const self: DedicatedWorkerGlobalScope;

const send = (message: FromRuns, transfer: ArrayBuffer[] = []): void => self.postMessage(message, transfer);
let known: Readonly<Record<string, string>> = {};

const serve = serveRuns(
  createAttention({
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
  }),
  send,
);

self.onmessage = ({ data }: MessageEvent<ToRuns>) => {
  if (data.kind === 'kernels') known = data.known;
  else serve(data);
};
