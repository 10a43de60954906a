import { firstReason, type Library, no, yes } from './library.ts';
import { breaksBlocks, isNoMultiple, isNotSquare } from './reasons.ts';
import { square } from './ways.ts';

export const deepSpeed: Library = {
  id: 'deepspeed',
  name: 'DeepSpeed SparseSelfAttention',
  version: 'DeepSpeed edaa7221 (2026-08-22)',
  takes: 'a layout of whole blocks of 16 or more for each head; a causal mask inside blocks is a mask of its own',
  fit(subject) {
    const stopped = firstReason(
      () => isNotSquare(subject),
      () => isNoMultiple(subject, 16),
    );
    if (stopped !== undefined) return stopped;
    for (const block of [128, 64, 32, 16])
      if (subject.shape.tokens % block === 0 && breaksBlocks(subject, square(block), false) === undefined)
        return yes(`a SparsityConfig with block=${block} whose make_layout returns the blocks`);
    return breaksBlocks(subject, square(16), false) ?? no('its blocks do not divide the length');
  },
};

export const tritonLayout: Library = {
  id: 'triton-layout',
  name: 'Block layouts (triton.ops.blocksparse, xFormers pattern_to_layout)',
  version: 'xFormers 6c3890ab (2026-01-08), the last that had it',
  takes: 'whole blocks of 16 or more for each head; the block divides the length',
  fit(subject) {
    const stopped = isNoMultiple(subject, 16);
    if (stopped !== undefined) return stopped;
    const { queries, tokens } = subject.shape;
    for (const block of [128, 64, 32, 16])
      if (tokens % block === 0 && queries % block === 0 && breaksBlocks(subject, square(block), false) === undefined)
        return yes(`layout int64 [heads, ${queries / block}, ${tokens / block}] with block ${block}`);
    return breaksBlocks(subject, square(16), false) ?? no('its blocks do not divide the length');
  },
};

export const openaiBlocksparse: Library = {
  id: 'openai-blocksparse',
  name: 'OpenAI blocksparse',
  version: '89074c5 (2020)',
  takes: 'any mask, as blocks of 32 or 64 with a bit mask each; equally many blocks in every head',
  fit(subject) {
    const stopped = firstReason(
      () => isNotSquare(subject),
      () => isNoMultiple(subject, 32),
    );
    if (stopped !== undefined) return stopped;
    for (const block of [64, 32]) {
      if (subject.shape.tokens % block !== 0) continue;
      const counts = subject.masks.map(mask => {
        const { root } = mask.tree(square(block));
        return root === null ? 0 : root.fullTiles + root.partialTiles;
      });
      if (new Set(counts).size === 1)
        return yes(`layout with blocks of ${block}, and a mask_callback for the partial ones`);
    }
    const [first = 0, second = 0] = subject.masks.map((_, index) => subject.headMask.indexOf(index));
    return no(`every head needs equally many blocks, but heads ${first} and ${second} do not have that`);
  },
};
