import type { AttentionHosts } from '../attention/attention.ts';
import { BackendError } from '../attention/backend-error.ts';
import { createCpuDense } from './cpu/dense.ts';
import { productBuilds } from './cpu/kernel-builds.ts';
import type { Dense, DenseId } from './dense.ts';
import { checkDense } from './dense-check.ts';
import { createReferenceDense } from './reference.ts';
import type { LanguageModel } from './weights.ts';

/** What computes a model but for its attention, and why something faster does not, in words for the user. */
export interface OpenedDense {
  readonly dense: Dense;
  readonly notes: readonly string[];
}

/**
 * The fastest that gives right results on a small model; `auto` is the CPU, else the reference.
 *
 * @throws BackendError when the backend that was asked for is not available
 */
export async function openDense(
  model: LanguageModel,
  { workers }: Pick<AttentionHosts, 'workers'>,
  wanted: 'auto' | DenseId,
): Promise<OpenedDense> {
  if (wanted === 'reference') return { dense: createReferenceDense(model), notes: [] };
  let reason = 'this JavaScript engine has no WebAssembly SIMD.';
  for (const build of productBuilds()) {
    try {
      await checkDense(sample => createCpuDense(sample, { build }));
      return { dense: await createCpuDense(model, { build, workers }), notes: [] };
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  const note = `The CPU kernel of matrix products is not used: ${reason}`;
  if (wanted === 'cpu')
    throw new BackendError(`${note} Choose the backend "reference", or "auto" to use whatever works.`);
  return { dense: createReferenceDense(model), notes: [note] };
}
