import { firstReason, type Library, no, yes } from './library.ts';
import { groupsDiffer, headsDiffer, isNotAlignedToTheEnd, isNotSquare, isNoWindow, windowOf } from './reasons.ts';
import { square } from './ways.ts';

export const flexAttention: Library = {
  id: 'flex-attention',
  name: 'PyTorch FlexAttention',
  version: 'torch 2.14.1',
  takes: 'any mask: lists of partial and full blocks, and a mask_mod for the partial ones',
  fit(subject) {
    const safe = subject.masks.every(({ noEmptyQuery }) => noEmptyQuery.holds);
    const tiles = subject.masks.map(mask => mask.contiguousTiles(square(128)));
    const contiguous = tiles.every(each => each?.partial === true && each.full);
    const proved = [...(safe ? ['ROWS_GUARANTEED_SAFE'] : []), ...(contiguous ? ['BLOCKS_ARE_CONTIGUOUS'] : [])];
    return yes(
      `BlockMask.from_kv_blocks with a complete mask_mod${proved.length === 0 ? '' : `; kernel_options that hold: ${proved.join(', ')}`}`,
    );
  },
};

export const flashAttention4: Library = {
  id: 'flash-attention-4',
  name: 'FlashAttention-4 (flash_attn.cute)',
  version: 'flash-attention 0251105a (2026-08-15)',
  takes: 'any mask: block lists and a mask_mod; ignored without a word on SM80',
  fit: () => yes('block_sparse_tensors with a complete mask_mod'),
};

export const flashAttention: Library = {
  id: 'flash-attention',
  name: 'FlashAttention window_size',
  version: 'flash-attention 0251105a (2026-08-15)',
  takes: 'one window around the query for all heads, aligned to the end',
  fit(subject) {
    const [mask] = subject.masks;
    const stopped = firstReason(
      () => headsDiffer(subject),
      () => isNotAlignedToTheEnd(subject),
    );
    if (stopped !== undefined) return stopped;
    const window = windowOf(mask);
    return window === undefined
      ? isNoWindow(mask)
      : yes(`window_size=(${window.before ?? -1}, ${window.after ?? -1})${window.after === 0 ? ', causal=True' : ''}`);
  },
};

export const flashMask: Library = {
  id: 'flashmask',
  name: 'FlashMask (Paddle flashmask_attention)',
  version: 'PaddlePaddle/flash-attention 9985af5',
  takes:
    'masks in which every key is hidden from one stretch of queries before it and one from it on; a mask for each key/value head',
  fit(subject) {
    const stopped = firstReason(
      () => isNotSquare(subject),
      () => groupsDiffer(subject),
    );
    if (stopped !== undefined) return stopped;
    for (const { brokenColumn } of subject.masks) {
      if (brokenColumn === undefined) continue;
      const { key, side, queries } = brokenColumn;
      const [first, held, last] = queries;
      return no(
        `key ${key} must be hidden from one stretch of the queries ${side === 'before' ? 'before it' : 'from it on'}, but it is hidden from ${first} and ${last} and seen by ${held}`,
        { query: held, key },
      );
    }
    const causal = subject.masks.every(mask => mask.causal.holds);
    return yes(`startend_row_indices, causal=${causal ? 'True with 2' : 'False with 4'} rows for each key`);
  },
};

export const magiAttention: Library = {
  id: 'magi-attention',
  name: 'MagiAttention',
  version: 'main branch, 2026',
  takes: 'any mask, as slices of a query range and a key range; one for all heads',
  fit(subject) {
    const [mask] = subject.masks;
    return (
      headsDiffer(subject) ??
      yes(
        `at most ${mask.stretches} slice${mask.stretches === 1 ? '' : 's'} of type FULL; regular masks need far fewer`,
      )
    );
  },
};
