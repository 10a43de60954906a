import { breathe, throwIfAborted } from '../attention/abort.ts';
import { intersection, NOTHING, narrow } from '../pattern/algebra.ts';
import { bitsBetween } from '../pattern/bits.ts';
import { blockedMask } from '../pattern/block-masks.ts';
import type { Box, Mask } from '../pattern/mask.ts';
import { type KeySet, KeySetsMask, keySet } from './key-sets.ts';
import type { Method } from './method.ts';
import { placesOfLargest } from './ranking.ts';
import { dotsWith } from './rows/dots.ts';

/** Query blocks between looks at whether to stop. */
const BLOCKS_AT_ONCE = 256;

/**
 * `block_topk(size, blocks)`: for each block of queries the `blocks` key blocks with the largest dot product of means, the
 * query's own block first of all (Lu et al., MoBA, 2025); ties to the earlier block. A key block is a candidate when some
 * pair of the two blocks is; means are over all tokens of a block, the query block's over those that have queries.
 */
export const blockTopk: Method = async ({ args, candidates, shape, content, checkpoint, signal }) => {
  const { tokens, queries, offset } = shape;
  const { q, k, headDim } = content;
  const size = args.number('size');
  const count = args.number('blocks');
  const keyBlocks = Math.ceil(tokens / size);
  const querySums = blockSums(q, queries, offset, size, headDim);
  const firstBlock = Math.floor(offset / size);
  const products = await dotsWith(blockSums(k, tokens, 0, size, headDim), headDim);
  const scores = new Float64Array(keyBlocks);
  const scratch = new Float64Array(keyBlocks);
  const sets: KeySet[] = [];
  const choose = (block: number, dots: Float64Array): void => {
    checkpoint?.();
    const rows = { row: Math.max(block * size, offset), rowEnd: Math.min((block + 1) * size, offset + queries) };
    scores.fill(Number.NEGATIVE_INFINITY);
    visitBlocks(candidates, rows, { size, tokens, from: 0, to: keyBlocks }, at => {
      // The query block's own length is the same for all key blocks and changes no order.
      const length = Math.min((at + 1) * size, tokens) - at * size;
      scores[at] = at === block ? Number.POSITIVE_INFINITY : (dots[at] as number) / length;
    });
    sets.push(keySet(placesOfLargest(scores, count, scratch), keyBlocks));
  };
  for (let at = 0; at < querySums.length; at += BLOCKS_AT_ONCE * headDim) {
    await breathe();
    throwIfAborted(signal);
    const first = firstBlock + at / headDim;
    products.with(querySums.subarray(at, at + BLOCKS_AT_ONCE * headDim), (block, dots) => choose(first + block, dots));
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

/** Tells the key blocks, from <= block < to, in which a mask holds a pair at some rows, ascending. */
function visitBlocks(
  mask: Mask,
  rows: Pick<Box, 'row' | 'rowEnd'>,
  blocks: { readonly size: number; readonly tokens: number; readonly from: number; readonly to: number },
  visit: (block: number) => void,
): void {
  const { size, tokens, from, to } = blocks;
  const box = { ...rows, column: from * size, columnEnd: Math.min(to * size, tokens) };
  const inBox = narrow(mask, box);
  const coverage = inBox === NOTHING ? 'empty' : inBox.classify(box);
  if (coverage === 'empty') return;
  if (coverage === 'full') for (let block = from; block < to; block++) visit(block);
  else if (to - from > 1) {
    const middle = (from + to) >> 1;
    visitBlocks(inBox, rows, { ...blocks, to: middle }, visit);
    visitBlocks(inBox, rows, { ...blocks, from: middle }, visit);
  } else if (holdsPair(inBox, box)) visit(from);
}

/** Does a mask hold a pair in a box, of which it says that it is neither empty nor full? */
function holdsPair(mask: Mask, box: Box): boolean {
  for (let row = box.row; row < box.rowEnd; row++)
    for (let column = box.column; column < box.columnEnd; column += 32)
      if ((mask.word(row, column) & bitsBetween(0, box.columnEnd - column)) !== 0) return true;
  return false;
}
