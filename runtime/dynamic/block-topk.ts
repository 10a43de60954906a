import { intersection, NOTHING, narrow } from '../pattern/algebra.ts';
import { bitsBetween } from '../pattern/bits.ts';
import { blockedMask } from '../pattern/block-masks.ts';
import type { Box, Mask } from '../pattern/mask.ts';
import { type KeySet, KeySetsMask, keySet } from './key-sets.ts';
import type { Method } from './method.ts';
import { placesOfLargest } from './ranking.ts';

/**
 * `block_topk(size, blocks)`: for each block of queries the `blocks` key blocks with the largest dot product of means, the
 * query's own block first of all (Lu et al., MoBA, 2025); ties to the earlier block. A key block is a candidate when some
 * pair of the two blocks is; means are over all tokens of a block, the query block's over those that have queries.
 */
export const blockTopk: Method = ({ args, candidates, shape, content, checkpoint }) => {
  const { tokens, queries, offset } = shape;
  const { q, k, headDim } = content;
  const size = args.number('size');
  const count = args.number('blocks');
  const keyBlocks = Math.ceil(tokens / size);
  const keySums = blockSums(k, tokens, 0, size, headDim);
  const querySums = blockSums(q, queries, offset, size, headDim);
  const firstBlock = Math.floor(offset / size);
  const lastBlock = Math.floor((offset + queries - 1) / size);
  const scores = new Float64Array(keyBlocks);
  const scratch = new Float64Array(keyBlocks);
  const sets: KeySet[] = [];
  for (let block = firstBlock; block <= lastBlock; block++) {
    checkpoint?.();
    const rows = { row: Math.max(block * size, offset), rowEnd: Math.min((block + 1) * size, offset + queries) };
    const inRows = narrow(candidates, { ...rows, column: 0, columnEnd: tokens });
    const query = querySums.subarray((block - firstBlock) * headDim, (block - firstBlock + 1) * headDim);
    for (let at = 0; at < keyBlocks; at++) {
      const columns = { column: at * size, columnEnd: Math.min((at + 1) * size, tokens) };
      scores[at] = Number.NEGATIVE_INFINITY;
      if (!holdsPair(inRows, { ...rows, ...columns })) continue;
      if (at === block) {
        scores[at] = Number.POSITIVE_INFINITY;
        continue;
      }
      // The query block's own length is the same for all key blocks and changes no order.
      let dot = 0;
      for (let d = 0; d < headDim; d++) dot += (query[d] as number) * (keySums[at * headDim + d] as number);
      scores[at] = dot / (columns.columnEnd - columns.column);
    }
    sets.push(keySet(placesOfLargest(scores, count, scratch), keyBlocks));
  }
  return intersection(blockedMask(size, new KeySetsMask(sets, firstBlock)), candidates);
};

/** Sums of the vectors of each block, [blocks][headDim]; row r stands at position `offset + r`. */
function blockSums(data: Float32Array, rows: number, offset: number, size: number, headDim: number): Float64Array {
  const first = Math.floor(offset / size);
  const blocks = Math.floor((offset + rows - 1) / size) - first + 1;
  const sums = new Float64Array(blocks * headDim);
  for (let row = 0; row < rows; row++) {
    const at = (Math.floor((offset + row) / size) - first) * headDim;
    for (let d = 0; d < headDim; d++) sums[at + d] = (sums[at + d] as number) + (data[row * headDim + d] as number);
  }
  return sums;
}

/** Does a mask hold a pair in a box? */
function holdsPair(mask: Mask, box: Box): boolean {
  const inBox = narrow(mask, box);
  if (inBox === NOTHING) return false;
  const coverage = inBox.classify(box);
  if (coverage !== 'mixed') return coverage === 'full';
  for (let row = box.row; row < box.rowEnd; row++)
    for (let column = box.column; column < box.columnEnd; column += 32)
      if ((inBox.word(row, column) & bitsBetween(0, box.columnEnd - column)) !== 0) return true;
  return false;
}
