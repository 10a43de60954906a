import type { AttentionHosts } from '../attention/attention.ts';
import type { BackendId } from '../attention/types.ts';
import { createGpuRowSelector } from './gpu/gpu-row-selector.ts';
import type { RowSelector } from './rows/row-rule.ts';
import { createRowSelector } from './rows/row-selector.ts';

/**
 * What chooses keys where attention is asked of a backend: the graphics device, for `auto` only when software does not imitate
 * it and the choice is worth it, else workers, else the calling thread. The keys are the same.
 */
export function openRowSelector(
  { gpu, workers }: Pick<AttentionHosts, 'gpu' | 'workers'>,
  backend: 'auto' | BackendId = 'auto',
): RowSelector {
  if (backend === 'reference') return createRowSelector({ wasm: null });
  const otherwise = createRowSelector({ workers });
  if (gpu === undefined || backend === 'cpu') return otherwise;
  return createGpuRowSelector({ open: gpu, otherwise, always: backend === 'gpu' });
}
