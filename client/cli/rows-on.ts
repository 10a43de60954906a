import { nodeWorkers } from '../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../runtime/attention/gpu/dawn.node.ts';
import type { BackendId } from '../../runtime/attention/types.ts';
import { openRowSelector } from '../../runtime/dynamic/open-row-selector.ts';
import type { RowSelector } from '../../runtime/dynamic/rows/row-rule.ts';

/** Whatever chooses, the keys are the same. */
export function rowsOn(backend: 'auto' | BackendId): RowSelector {
  return openRowSelector({ gpu: openDawn, workers: nodeWorkers() }, backend);
}
