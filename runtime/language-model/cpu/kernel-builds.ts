import { decodeBuilds, type KernelBuild } from '../../attention/cpu/kernel-builds.ts';
import { relaxedSimd, simd } from './generated/kernels.ts';

/** The builds of the kernel of products that this engine accepts, fastest first; empty without WebAssembly SIMD. */
export function productBuilds(): KernelBuild[] {
  return decodeBuilds(relaxedSimd, simd);
}
