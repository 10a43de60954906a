import type { KernelMemory } from '../../../runtime/attention/gpu/kernels.ts';

const PREFIX = 'sparse-attention kernel ';

/** Which kernels are fastest on this device, kept by the page's browser. Where that keeps nothing, they are tried again. */
export const keptKernels: KernelMemory = {
  get(key) {
    try {
      return localStorage.getItem(PREFIX + key) ?? undefined;
    } catch {
      return undefined;
    }
  },
  set(key, kernel) {
    try {
      localStorage.setItem(PREFIX + key, kernel);
    } catch {
      // Full or forbidden: trials take a second.
    }
  },
};
