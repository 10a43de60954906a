import { fromInt64 } from '../tensor/convert.ts';
import { writeNpz } from '../tensor/npz.ts';
import { headAxis, plansOf } from './head-masks.ts';
import { forEachRow } from './mask-rows.ts';
import type { ExportRequest } from './request.ts';
import { checkExportSize } from './size-limit.ts';

/**
 * The dense mask, eight keys to a byte, as a .npz file: `packed` uint8 [queries, ceil(keys / 8)], or [heads, ...] of all
 * heads, where bit b of byte c is key 8 c + b and the bits past the last key are 0; `shape` int64, the shape of the mask;
 * `bitorder`, the text `little`, as `numpy.unpackbits` takes it.
 *
 * @throws ExportSizeError above 2 GiB before packing
 */
export function exportBits(request: ExportRequest): Uint8Array<ArrayBuffer> {
  const { queries, tokens } = request.shape;
  const width = Math.ceil(tokens / 8);
  const axis = headAxis(request);
  const heads = axis[0] ?? 1;
  checkExportSize(
    `The packed mask of ${[...axis, queries, tokens].join(' x ')}`,
    heads * queries * width,
    'Export it as csr or safetensors, which store only what is allowed.',
  );
  const packed = new Uint8Array(heads * queries * width);
  const { distinct, head } = plansOf(request);
  for (const [index, plan] of distinct.entries()) {
    const first = head.indexOf(index) * queries * width;
    forEachRow(plan, (row, runs) => {
      const bytes = packed.subarray(first + row * width, first + (row + 1) * width);
      for (let run = 0; run < runs.length; run += 2) setBits(bytes, Number(runs[run]), Number(runs[run + 1]));
    });
    for (const [at, other] of head.entries())
      if (other === index) packed.copyWithin(at * queries * width, first, first + queries * width);
  }
  return writeNpz({
    packed: { dtype: 'u8', shape: [...axis, queries, width], data: packed },
    shape: fromInt64(BigInt64Array.from([...axis, queries, tokens], BigInt), [axis.length + 2]),
    bitorder: { dtype: 'bytes', width: 6, shape: [], data: new TextEncoder().encode('little') },
  });
}

/** Sets bits [from, to), the lowest of each byte first. */
export function setBits(bytes: Uint8Array, from: number, to: number): void {
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
