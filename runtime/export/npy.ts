import type { TilePlan } from '../compile/tile-plan.ts';
import { npyHeader } from '../tensor/npy.ts';
import { writeNpz } from '../tensor/npz.ts';
import { headAxis, type PerHead, plansOf } from './head-masks.ts';
import { forEachRow } from './mask-rows.ts';
import type { ExportRequest } from './request.ts';
import { checkExportSize } from './size-limit.ts';

const INSTEAD = 'Export it as csr or safetensors, which store only what is allowed.';

/**
 * The dense mask as a .npy file: bool [queries, keys], or [heads, queries, keys] of all heads, true = attend. `numpy.load`
 * reads it.
 *
 * @throws ExportSizeError above 2 GiB
 */
export function exportNpy(request: ExportRequest): Uint8Array<ArrayBuffer> {
  const shape = denseShape(request);
  // Before anything is compiled.
  sizeOf(shape, 0);
  return denseNpy(plansOf(request), shape);
}

/**
 * Compiled masks as a .npy file of a shape: [queries, keys], or with an extent for the heads before them.
 *
 * @throws ExportSizeError above 2 GiB
 */
export function denseNpy(plans: PerHead<TilePlan>, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const header = npyHeader('bool', shape);
  const bytes = new Uint8Array(header.length + sizeOf(shape, header.length));
  bytes.set(header);
  fillDense(plans, bytes.subarray(header.length));
  return bytes;
}

/**
 * The same, compressed, as the array `mask` of a .npz file.
 *
 * @throws ExportSizeError above 2 GiB before packing
 */
export function exportDenseNpz(request: ExportRequest): Uint8Array<ArrayBuffer> {
  const shape = denseShape(request);
  const data = new Uint8Array(sizeOf(shape, 0));
  fillDense(plansOf(request), data);
  return writeNpz({ mask: { dtype: 'bool', shape, data } });
}

function denseShape(request: ExportRequest): readonly number[] {
  return [...headAxis(request), request.shape.queries, request.shape.tokens];
}

function sizeOf(shape: readonly number[], more: number): number {
  const size = shape.reduce((product, extent) => product * extent, 1);
  checkExportSize(`The dense mask of ${shape.join(' x ')}`, size + more, INSTEAD);
  return size;
}

/** [heads, queries, keys], one byte for each pair. */
export function fillDense({ distinct, head }: PerHead<TilePlan>, out: Uint8Array): void {
  const written = new Map<number, number>();
  for (const [at, index] of head.entries()) {
    const plan = distinct[index];
    if (plan === undefined) continue;
    const size = plan.queries * plan.keys;
    const same = written.get(index);
    if (same === undefined) {
      forEachRow(plan, (row, runs) => {
        const start = at * size + row * plan.keys;
        for (let run = 0; run < runs.length; run += 2)
          out.fill(1, start + Number(runs[run]), start + Number(runs[run + 1]));
      });
      written.set(index, at);
    } else out.copyWithin(at * size, same * size, (same + 1) * size);
  }
}
