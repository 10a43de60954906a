import { isAbort } from '../attention/abort.ts';
import type { AttentionHosts } from '../attention/attention.ts';
import { BackendError } from '../attention/backend-error.ts';
import { openDevice } from '../attention/gpu/device.ts';
import { createCpuDense } from './cpu/dense.ts';
import { productBuilds } from './cpu/kernel-builds.ts';
import type { Dense, DenseId } from './dense.ts';
import { checkDense } from './dense-check.ts';
import { createGpuDense } from './gpu/dense.ts';
import { createReferenceDense } from './reference.ts';
import type { LanguageModel } from './weights.ts';

/** What computes a model but for its attention, and why something faster does not, in words for the user. */
export interface OpenedDense {
  readonly dense: Dense;
  readonly notes: readonly string[];
}

/**
 * The fastest that gives right results on a small model: the GPU, unless software imitates it, else the CPU, else the
 * reference. A GPU that fails later is replaced by the CPU, and its notes say so.
 *
 * @throws BackendError when the backend that was asked for is not available
 */
export async function openDense(
  model: LanguageModel,
  hosts: Pick<AttentionHosts, 'gpu' | 'workers'>,
  wanted: 'auto' | DenseId,
): Promise<OpenedDense> {
  if (wanted === 'reference') return { dense: createReferenceDense(model), notes: [] };
  const notes: string[] = [];
  if (wanted !== 'cpu') {
    const gpu = await openGpu(model, hosts, wanted);
    if ('dense' in gpu) return { dense: withFallback(gpu.dense, () => openCpu(model, hosts)), notes };
    if (wanted === 'gpu')
      throw new BackendError(`${gpu.reason} Choose the backend "cpu", or "auto" to use whatever works.`);
    notes.push(gpu.reason);
  }
  const cpu = await openCpu(model, hosts);
  if (cpu.id === 'reference') {
    const note =
      'The CPU kernel of matrix products is not used: it has no WebAssembly SIMD or gives wrong results here.';
    if (wanted === 'cpu')
      throw new BackendError(`${note} Choose the backend "reference", or "auto" to use whatever works.`);
    notes.push(note);
  }
  return { dense: cpu, notes };
}

type Opened = { readonly dense: Dense } | { readonly reason: string };

async function openGpu(
  model: LanguageModel,
  hosts: Pick<AttentionHosts, 'gpu'>,
  wanted: 'auto' | 'gpu',
): Promise<Opened> {
  if (hosts.gpu === undefined) return { reason: 'WebGPU is not available here.' };
  try {
    const found = await hosts.gpu();
    if ('reason' in found) return found;
    if (wanted === 'auto') {
      const { device, imitated, name } = await openDevice(found.gpu);
      device.destroy();
      if (imitated) return { reason: `The only graphics adapter is ${name}, which is slower than the CPU kernel.` };
    }
    await checkDense(sample => createGpuDense(sample, found.gpu));
    return { dense: await createGpuDense(model, found.gpu) };
  } catch (error) {
    return { reason: `The GPU is not used for matrix products: ${wordsOf(error)}` };
  }
}

/** The fastest build of the kernel that passes the check, else the reference. */
async function openCpu(model: LanguageModel, { workers }: Pick<AttentionHosts, 'workers'>): Promise<Dense> {
  for (const build of productBuilds()) {
    try {
      await checkDense(sample => createCpuDense(sample, { build }));
      return await createCpuDense(model, { build, workers });
    } catch {
      // The next build may do better; the last resort needs none.
    }
  }
  return createReferenceDense(model);
}

/** Computes with `first` until it fails, and with what `open` gives from then on. */
export function withFallback(first: Dense, open: () => Promise<Dense>): Dense {
  let second: Promise<Dense> | undefined;
  let opened: Dense | undefined;
  let note = '';
  const compute = async <T>(call: (dense: Dense) => Promise<T>): Promise<T> => {
    if (second === undefined) {
      try {
        return await call(first);
      } catch (error) {
        if (isAbort(error)) throw error;
        note = `The GPU (${first.device}) failed: ${wordsOf(error)}`;
        first.dispose();
        second = open();
      }
    }
    opened = await second;
    return call(opened);
  };
  return {
    id: first.id,
    device: first.device,
    project: (layer, x, signal) => compute(dense => dense.project(layer, x, signal)),
    finish: (layer, x, attended, signal) => compute(dense => dense.finish(layer, x, attended, signal)),
    predict: (x, targets, signal) => compute(dense => dense.predict(x, targets, signal)),
    notes: () => (note === '' ? [] : [note, ...(opened?.notes() ?? [])]),
    dispose() {
      if (second === undefined) first.dispose();
      else void second.then(dense => dense.dispose());
    },
  };
}

function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}
