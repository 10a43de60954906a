import { valueText } from '../recognise/expression.ts';
import { EMPTY, type Intervals } from '../recognise/intervals.ts';
import { type Fit, firstReason, type Library, no, yes } from './library.ts';
import { headsDiffer, isNoCausalLayer, isNotSquare, isNoWindow, windowOf } from './reasons.ts';
import type { FitSubject } from './subject.ts';
import { notThis, parts } from './ways.ts';

const HF = 'transformers 5.18.0';

export const huggingFaceLongformer: Library = {
  id: 'hf-longformer',
  name: 'Hugging Face Longformer and LED',
  version: HF,
  takes: 'a window of an even number of keys around the query, and global tokens; one mask for all heads',
  fit(subject) {
    const found = encoderWindow(subject);
    if ('fits' in found) return found;
    const tokens = valueText({ positions: found.global, of: subject.shape.tokens });
    return yes(
      `attention_window=${2 * found.radius}${found.global.length === 0 ? '' : `, global_attention_mask=1 at ${tokens}`}`,
    );
  },
};

/** A window of `radius` keys on both sides and tokens that see all and are seen by all; or why a mask is something else. */
export function encoderWindow(subject: FitSubject): { readonly radius: number; readonly global: Intervals } | Fit {
  const [mask] = subject.masks;
  const stopped = firstReason(
    () => headsDiffer(subject),
    () => isNotSquare(subject),
  );
  if (stopped !== undefined) return stopped;
  const found = parts(mask, 'band', 'global') ?? parts(mask, 'band');
  const band = found?.band;
  if (
    band !== undefined &&
    mask.whole?.causal !== true &&
    band.before === band.after &&
    band.before < subject.shape.tokens - 1 &&
    band.before > 0
  )
    return { radius: band.before, global: found?.global?.tokens ?? EMPTY };
  return notThis(mask, 'a window with as many keys on both sides and global tokens');
}

/** Do all queries of all heads see all keys? */
export function seesAll(subject: FitSubject): boolean {
  const last = subject.shape.tokens - 1;
  return subject.masks.every(mask => {
    const band = parts(mask, 'band')?.band;
    return band !== undefined && mask.whole?.causal !== true && band.before >= last && band.after >= last;
  });
}

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
    const layer = decoderLayer(subject);
    if ('fits' in layer) return layer;
    const { type, size } = layer;
    if (type === 'full_attention') return yes(`"${type}"`);
    return yes(`"${type}", ${type === 'sliding_attention' ? 'sliding_window' : 'attention_chunk_size'}=${size}`);
  },
};

/** What `layer_types` calls a layer, with its `sliding_window` or `attention_chunk_size`. */
export type DecoderLayer =
  | { readonly type: 'full_attention'; readonly size?: undefined }
  | { readonly type: 'sliding_attention' | 'chunked_attention'; readonly size: number };

/** The kind of a decoder's layer, or why a mask is none. */
export function decoderLayer(subject: FitSubject): DecoderLayer | Fit {
  const [mask] = subject.masks;
  const stopped = isNoCausalLayer(subject);
  if (stopped !== undefined) return stopped;
  const window = windowOf(mask);
  // None of the queries that there are sees the future, whatever the window would let others see.
  if (window !== undefined)
    return window.before === undefined
      ? { type: 'full_attention' }
      : { type: 'sliding_attention', size: window.before + 1 };
  const block = parts(mask, 'block')?.block;
  if (block !== undefined) return { type: 'chunked_attention', size: block.size };
  return isNoWindow(mask);
}
