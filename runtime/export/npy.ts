import type { TilePlan } from '../compile/tile-plan.ts';
import type { Contents } from '../tensor/contents.ts';
import { npyContents } from '../tensor/npy.ts';
import { npzContents } from '../tensor/npz.ts';
import { headAxis, type PerHead, plansOf } from './head-masks.ts';
import { maskRows } from './mask-rows.ts';
import type { ExportRequest } from './request.ts';
import { checkExportSize, ZIP_LIMIT } from './size-limit.ts';

/** The dense mask as a .npy file: bool [queries, keys], or [heads, queries, keys] of all heads, true = attend. `numpy.load` reads it. */
export function exportNpy(request: ExportRequest): Contents {
  return denseNpy(plansOf(request), denseShape(request));
}

/** Compiled masks as a .npy file of a shape: [queries, keys], or with an extent for the heads before them. */
export function denseNpy(plans: PerHead<TilePlan>, shape: readonly number[]): Contents {
  return npyContents({ dtype: 'bool', shape, data: () => denseRows(plans) });
}

/**
 * The same, compressed, as the array `mask` of a .npz file.
 *
 * @throws ExportSizeError when a zip file cannot hold it
 */
export function exportDenseNpz(request: ExportRequest): Contents {
  const shape = denseShape(request);
  // Before anything is compiled.
  checkExportSize(
    `The dense mask of ${shape.join(' x ')}`,
    shape.reduce((product, extent) => product * extent, 1),
    ZIP_LIMIT,
    'Export it as npy, which has no limit, or as csr or safetensors, which store only what is allowed.',
  );
  const plans = plansOf(request);
  return npzContents({ mask: { dtype: 'bool', shape, data: () => denseRows(plans) } });
}

function denseShape(request: ExportRequest): readonly number[] {
  return [...headAxis(request), request.shape.queries, request.shape.tokens];
}

/** [heads, queries, keys], one byte for each pair, row by row. */
export function* denseRows({ distinct, head }: PerHead<TilePlan>): Generator<Uint8Array, void> {
  for (const index of head) {
    const plan = distinct[index];
    if (plan === undefined) continue;
    const out = new Uint8Array(plan.keys);
    for (const { runs } of maskRows(plan)) {
      for (let run = 0; run < runs.length; run += 2) out.fill(1, runs[run], runs[run + 1]);
      yield out;
      for (let run = 0; run < runs.length; run += 2) out.fill(0, runs[run], runs[run + 1]);
    }
  }
}
