import { type Library, no, yes } from './library.ts';
import { breaksBlocks, headsDiffer, isNotAlignedToTheEnd } from './reasons.ts';
import { parts, square } from './ways.ts';

export const blockSparseAttention: Library = {
  id: 'block-sparse-attention',
  name: 'MIT Block-Sparse-Attention',
  version: '0.0.2 (49d6c39)',
  takes: 'whole blocks of 128 x 128 for each head, cut to the past with is_causal; or sinks and a causal window',
  fit(subject) {
    const stopped = isNotAlignedToTheEnd(subject);
    if (stopped !== undefined) return stopped;
    if (breaksBlocks(subject, square(128), false) === undefined) return yes('base_blockmask, is_causal=False');
    const isCausal = subject.masks.every(({ causal }) => causal.holds);
    if (isCausal && breaksBlocks(subject, square(128), true) === undefined)
      return yes('base_blockmask, is_causal=True');
    const streams = subject.masks.map(mask => {
      const found = mask.whole?.causal === true ? parts(mask, 'band', 'columns') : undefined;
      const sinks = found?.columns?.tokens;
      return sinks?.length === 2 && sinks[0] === 0 && found?.band !== undefined
        ? `head_mask_type -1 with sink ${sinks[1]} and local ${found.band.before + 1}`
        : undefined;
    });
    if (streams.every(each => each !== undefined))
      return yes(`token_streaming_attn_func: ${[...new Set(streams)].join('; ')}`);
    return breaksBlocks(subject, square(128), isCausal) ?? no('its heads differ in kind');
  },
};

export const spargeAttn: Library = {
  id: 'sparge-attn',
  name: 'SpargeAttn',
  version: 'bfd980b',
  takes: 'whole blocks of 128 queries x 64 keys for each head',
  fit(subject) {
    return (
      breaksBlocks(subject, { queries: 128, keys: 64 }, false) ?? yes('mask_id, int8 [batch, heads, blocks, blocks]')
    );
  },
};

export const flashInfer: Library = {
  id: 'flashinfer',
  name: 'FlashInfer BlockSparseAttentionWrapper',
  version: 'flashinfer 0.6.18',
  takes: 'any mask, as blocks with a mask for each; one for all heads; the block divides the length',
  fit(subject) {
    const stopped = headsDiffer(subject);
    if (stopped !== undefined) return stopped;
    const { queries, tokens } = subject.shape;
    const block = [128, 64, 32, 16, 8, 4, 2, 1].find(size => queries % size === 0 && tokens % size === 0) ?? 1;
    const whole = block >= 16 && breaksBlocks(subject, square(block), false) === undefined;
    return yes(`plan with R=C=${block}${whole ? '' : ' and mask= for the blocks that are partly allowed'}`);
  },
};
