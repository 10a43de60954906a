import { nodeWorkers } from '../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../runtime/attention/gpu/dawn.node.ts';
import { keptKernels } from '../../runtime/attention/gpu/kept-kernels.node.ts';
import { attendOn } from './attend-on.ts';

// WebGPU by Dawn (npm `webgpu`, when it is installed), threads of Node.
export const here = attendOn(() => ({ gpu: openDawn, workers: nodeWorkers(), kernels: keptKernels() }));
