import { valueText } from '../recognise/expression.ts';
import { firstReason, type Library, no, yes } from './library.ts';
import { headsDiffer, isNotAlignedToTheEnd, isNotSquare, isNoWindow, seesTheFuture, windowOf } from './reasons.ts';
import { notThis, parts } from './ways.ts';

const HF = 'transformers 5.18.0';

export const huggingFaceLongformer: Library = {
  id: 'hf-longformer',
  name: 'Hugging Face Longformer and LED',
  version: HF,
  takes: 'a window of an even number of keys around the query, and global tokens; one mask for all heads',
  fit(subject) {
    const [mask] = subject.masks;
    const stopped = firstReason(
      () => headsDiffer(subject),
      () => isNotSquare(subject),
    );
    if (stopped !== undefined) return stopped;
    const found = parts(mask, 'band', 'global') ?? parts(mask, 'band');
    const band = found?.band;
    if (band !== undefined && band.before === band.after && band.before < subject.shape.tokens - 1 && band.before > 0) {
      const tokens = found?.global && valueText({ positions: found.global.tokens, of: subject.shape.tokens });
      return yes(
        `attention_window=${2 * band.before}${tokens === undefined ? '' : `, global_attention_mask=1 at ${tokens}`}`,
      );
    }
    return notThis(mask, 'a window with as many keys on both sides and global tokens');
  },
};

export const huggingFaceBigBird: Library = {
  id: 'hf-bigbird',
  name: 'Hugging Face BigBird',
  version: HF,
  takes: 'blocks: three in the window, the first and last global, at least one drawn by NumPy',
  fit(subject) {
    const [mask] = subject.masks;
    const blocked = parts(mask, 'blocked')?.blocked;
    const drawn = blocked?.of.parts.some(part => part.kind === 'random') === true;
    return no(
      drawn
        ? 'its random blocks come from NumPy, and in evaluation mode there are none: the first block is counted again instead'
        : 'it always adds at least one random block',
    );
  },
};

export const huggingFaceDecoders: Library = {
  id: 'hf-decoders',
  name: 'Hugging Face decoders (layer_types)',
  version: HF,
  takes: 'for each layer: causal, a causal sliding window, or causal chunks; one mask for all heads',
  fit(subject) {
    const [mask] = subject.masks;
    const stopped = firstReason(
      () => headsDiffer(subject),
      () => isNotAlignedToTheEnd(subject),
      () => seesTheFuture(subject),
    );
    if (stopped !== undefined) return stopped;
    const window = windowOf(mask);
    if (window !== undefined && window.after === 0)
      return yes(
        window.before === undefined ? '"full_attention"' : `"sliding_attention", sliding_window=${window.before + 1}`,
      );
    const block = parts(mask, 'block')?.block;
    if (block !== undefined) return yes(`"chunked_attention", attention_chunk_size=${block.size}`);
    return isNoWindow(mask);
  },
};
