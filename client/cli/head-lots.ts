import { totalmem } from 'node:os';
import type { LayerSizes } from '../../runtime/attention/layer-input.ts';
import type { HeadRange } from '../../runtime/tensor/read-heads.ts';
import { wrongUse } from './failure.ts';
import { bytes, counted } from './numbers.ts';

/** Bytes of memory that tensors and what is computed of them may take. */
export function usableMemory(): number {
  return totalmem() * 0.75;
}

/** Bytes of some heads of a layer, with their outputs and the copies that a backend makes. */
function bytesOf({ q, k }: LayerSizes, heads: number): number {
  const kvHeads = Math.ceil((heads * k.heads) / q.heads);
  return 2 * 4 * (3 * heads * q.tokens * q.headDim + 2 * kvHeads * k.tokens * k.headDim);
}

/**
 * The heads of a layer in lots that fit into so many bytes: all of them, else as many groups that share keys and values as
 * fit, else as many of a group; at least one.
 */
export function headLots(sizes: LayerSizes, most: number): readonly HeadRange[] {
  const { heads } = sizes.q;
  const group = heads / sizes.k.heads;
  const fits = (count: number): boolean => bytesOf(sizes, count) <= most;
  let size = heads;
  while (size > group && !fits(size)) size -= group;
  while (size > 1 && !fits(size)) size--;
  const lots: HeadRange[] = [];
  // A part of a group never reaches into the next one.
  for (let from = 0; from < heads; ) {
    const end = size < group ? Math.min(from + size, (Math.floor(from / group) + 1) * group) : from + size;
    const to = Math.min(heads, end);
    lots.push({ from, to });
    from = to;
  }
  return lots;
}

/** Throws Failure (2) when heads of a layer do not fit into memory. */
export function checkMemory(file: string, sizes: LayerSizes, heads: HeadRange = { from: 0, to: sizes.q.heads }): void {
  const count = heads.to - heads.from;
  const needed = bytesOf(sizes, count);
  const most = usableMemory();
  if (needed > most)
    throw wrongUse(
      `${file}: ${count === sizes.q.heads ? `a layer of ${counted(count, 'head')}` : `${counted(count, 'head')} of a layer`} and ${sizes.k.tokens} tokens needs about ${bytes(needed)} of memory, and ${bytes(most)} can be used; write fewer heads or tokens into the file`,
    );
}
