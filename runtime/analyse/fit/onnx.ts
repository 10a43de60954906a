import { valueText } from '../recognise/expression.ts';
import { encoderWindow } from './hugging-face.ts';
import { type Fit, firstReason, type Library, no, yes } from './library.ts';
import { breaksBlocks, isNoCausalLayer, isNotAlignedToTheEnd, isNoWindow, seesTheFuture, windowOf } from './reasons.ts';
import type { FitSubject } from './subject.ts';
import { square } from './ways.ts';

export const onnxAttention: Library = {
  id: 'onnx-attention',
  name: 'ONNX Attention (opset 23, 24)',
  version: 'onnx 1.23.1',
  takes: 'any mask as a dense Boolean tensor',
  fit: () => yes('attn_mask, Boolean, [batch, heads, queries, keys]'),
};

export const onnxGroupQuery: Library = {
  id: 'onnx-group-query',
  name: 'ONNX Runtime GroupQueryAttention (local_window_size)',
  version: 'ONNX Runtime 1.30.0',
  takes: 'causal, or a causal sliding window; one for all heads',
  fit(subject) {
    const size = localWindowSize(subject);
    return typeof size === 'number' ? yes(`local_window_size=${size}`) : size;
  },
};

/** `local_window_size` of GroupQueryAttention: keys of a query with itself, -1 for all before it; or why there is none. */
export function localWindowSize(subject: FitSubject): number | Fit {
  const [mask] = subject.masks;
  const stopped = isNoCausalLayer(subject);
  if (stopped !== undefined) return stopped;
  const window = windowOf(mask);
  if (window === undefined) return isNoWindow(mask);
  return window.before === undefined ? -1 : window.before + 1;
}

export const onnxSparse: Library = {
  id: 'onnx-sparse',
  name: 'ONNX Runtime SparseAttention',
  version: 'ONNX Runtime 1.30.0',
  takes: 'whole blocks of 16, 32, 64 or 128 cut to the past; head h uses layout h modulo their number',
  fit(subject) {
    const block = sparseBlockSize(subject);
    if (typeof block !== 'number') return block;
    const layouts = layoutCount(subject.headMask);
    return yes(`sparse_block_size=${block} with ${layouts} layout${layouts === 1 ? '' : 's'}`);
  },
};

/** The largest `sparse_block_size` of SparseAttention in which the masks are whole blocks cut to the past; or why there is none. */
export function sparseBlockSize(subject: FitSubject): number | Fit {
  const stopped = firstReason(
    () => seesTheFuture(subject),
    () => isNotAlignedToTheEnd(subject),
  );
  if (stopped !== undefined) return stopped;
  const block = [128, 64, 32, 16].find(size => breaksBlocks(subject, square(size), true) === undefined);
  return block ?? breaksBlocks(subject, square(16), true) ?? no('its blocks are of another size');
}

export const onnxLongformer: Library = {
  id: 'onnx-longformer',
  name: 'ONNX Runtime LongformerAttention',
  version: 'ONNX Runtime 1.30.0',
  takes: 'a window with as many keys on both sides, and global tokens; one mask for all heads',
  fit(subject) {
    const found = encoderWindow(subject);
    if ('fits' in found) return found;
    const tokens = valueText({ positions: found.global, of: subject.shape.tokens });
    return yes(`window=${found.radius}${found.global.length === 0 ? '' : `, global=1 at ${tokens}`}`);
  },
};

/** Fewest layouts so that head h uses layout h modulo their number. */
export function layoutCount(headMask: readonly number[]): number {
  for (let count = 1; ; count++) if (headMask.every((mask, head) => mask === headMask[head % count])) return count;
}
