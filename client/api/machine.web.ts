import { webWorkers } from '../../runtime/attention/cpu/workers.web.ts';
import { attendOn } from './attend-on.ts';

// WebGPU of the page, workers of the page.
export const here = attendOn(() => ({
  gpu: async () => {
    const gpu = (globalThis.navigator as Navigator | undefined)?.gpu as GPU | undefined;
    return gpu === undefined ? { reason: 'This page has no WebGPU.' } : { gpu };
  },
  workers: webWorkers(),
}));
