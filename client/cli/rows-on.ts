import { nodeWorkers } from '../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../runtime/attention/gpu/dawn.node.ts';
import type { BackendId } from '../../runtime/attention/types.ts';
import { createGpuRowSelector } from '../../runtime/dynamic/gpu/gpu-row-selector.ts';
import type { RowSelector } from '../../runtime/dynamic/rows/row-rule.ts';
import { createRowSelector } from '../../runtime/dynamic/rows/row-selector.ts';

/** Whatever chooses, the keys are the same. */
export function rowsOn(backend: 'auto' | BackendId): RowSelector {
  if (backend === 'reference') return createRowSelector({ wasm: null });
  const otherwise = createRowSelector({ workers: nodeWorkers() });
  return backend === 'cpu' ? otherwise : createGpuRowSelector({ open: openDawn, otherwise, always: backend === 'gpu' });
}
