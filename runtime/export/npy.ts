import { forEachRun } from '../compile/dense.ts';
import type { TilePlan } from '../compile/tile-plan.ts';
import { npyHeader } from '../tensor/npy.ts';
import { checkExportSize } from './size-limit.ts';

/**
 * The dense mask as a .npy file: bool [queries, keys], true = attend. `numpy.load` reads it.
 *
 * @throws ExportSizeError above 2 GiB
 */
export function exportNpy(plan: TilePlan): Uint8Array<ArrayBuffer> {
  const { queries, keys } = plan;
  const header = npyHeader('bool', [queries, keys]);
  checkExportSize(
    `The dense mask of ${queries} x ${keys}`,
    header.length + queries * keys,
    'Export it as csr or safetensors, which store only what is allowed.',
  );
  const bytes = new Uint8Array(header.length + queries * keys);
  bytes.set(header);
  forEachRun(plan, (row, from, to) => {
    const start = header.length + row * keys;
    bytes.fill(1, start + from, start + to);
  });
  return bytes;
}
