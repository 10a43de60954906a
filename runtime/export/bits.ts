import type { TilePlan } from '../compile/tile-plan.ts';
import type { Contents } from '../tensor/contents.ts';
import { fromInt64 } from '../tensor/convert.ts';
import { npzContents } from '../tensor/npz.ts';
import { headAxis, type PerHead, plansOf } from './head-masks.ts';
import { maskRows } from './mask-rows.ts';
import type { ExportRequest } from './request.ts';
import { checkExportSize, ZIP_LIMIT } from './size-limit.ts';

/**
 * The dense mask, eight keys to a byte, as a .npz file: `packed` uint8 [queries, ceil(keys / 8)], or [heads, ...] of all
 * heads, where bit b of byte c is key 8 c + b and the bits past the last key are 0; `shape` int64, the shape of the mask;
 * `bitorder`, the text `little`, as `numpy.unpackbits` takes it.
 *
 * @throws ExportSizeError when a zip file cannot hold it
 */
export function exportBits(request: ExportRequest): Contents {
  const { queries, tokens } = request.shape;
  const width = Math.ceil(tokens / 8);
  const axis = headAxis(request);
  checkExportSize(
    `The packed mask of ${[...axis, queries, tokens].join(' x ')}`,
    (axis[0] ?? 1) * queries * width,
    ZIP_LIMIT,
    'Export it as csr or safetensors, which store only what is allowed.',
  );
  const plans = plansOf(request);
  return npzContents({
    packed: { dtype: 'u8', shape: [...axis, queries, width], data: () => packedRows(plans, width) },
    shape: fromInt64(BigInt64Array.from([...axis, queries, tokens], BigInt), [axis.length + 2]),
    bitorder: { dtype: 'bytes', width: 6, shape: [], data: new TextEncoder().encode('little') },
  });
}

/** [heads, queries, width], row by row. */
function* packedRows({ distinct, head }: PerHead<TilePlan>, width: number): Generator<Uint8Array, void> {
  const out = new Uint8Array(width);
  for (const index of head) {
    const plan = distinct[index];
    if (plan === undefined) continue;
    for (const { runs } of maskRows(plan)) {
      out.fill(0);
      for (let run = 0; run < runs.length; run += 2) setBits(out, Number(runs[run]), Number(runs[run + 1]));
      yield out;
    }
  }
}

/** Sets bits [from, to), the lowest of each byte first. */
function setBits(bytes: Uint8Array, from: number, to: number): void {
  const first = from >>> 3;
  const last = (to - 1) >>> 3;
  const head = (0xff << (from & 7)) & 0xff;
  const tail = 0xff >>> (7 - ((to - 1) & 7));
  if (first === last) {
    bytes[first] = Number(bytes[first]) | (head & tail);
    return;
  }
  bytes[first] = Number(bytes[first]) | head;
  bytes.fill(0xff, first + 1, last);
  bytes[last] = Number(bytes[last]) | tail;
}
