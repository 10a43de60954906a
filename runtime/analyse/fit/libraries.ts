import { textOf, valueText } from '../recognise/expression.ts';
import { expressionOf, type Part } from '../recognise/parts.ts';
import { type Fit, firstReason, type Library, no, yes } from './library.ts';
import {
  breaksBlocks,
  groupsDiffer,
  hasEmptyQuery,
  headsDiffer,
  isNoMultiple,
  isNotAlignedToTheEnd,
  isNotSquare,
  isNoWindow,
  seesTheFuture,
  windowOf,
} from './reasons.ts';
import type { FitMask, FitSubject } from './subject.ts';

const HF = 'transformers 5.18.0';

function square(side: number): { readonly queries: number; readonly keys: number } {
  return { queries: side, keys: side };
}

/** The parts of a mask by kind, where there is one of each of these and no other. */
function parts(
  mask: FitMask,
  ...kinds: Part['kind'][]
): Partial<{ [K in Part['kind']]: Extract<Part, { kind: K }> }> | undefined {
  const found = mask.whole?.parts;
  if (found === undefined || found.length !== kinds.length) return undefined;
  const named = Object.fromEntries(found.map(part => [part.kind, part]));
  return kinds.every(kind => named[kind] !== undefined) ? named : undefined;
}

/** The first mask for which a way to say it is lacking, and why. */
function each(subject: FitSubject, say: (mask: FitMask) => string | Fit): Fit {
  const said = new Set<string>();
  for (const mask of subject.masks) {
    const how = say(mask);
    if (typeof how !== 'string') return how;
    said.add(how);
  }
  return yes([...said].join('; '));
}

const flexAttention: Library = {
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

const flashAttention4: Library = {
  id: 'flash-attention-4',
  name: 'FlashAttention-4 (flash_attn.cute)',
  version: 'flash-attention 0251105a (2026-08-15)',
  takes: 'any mask: block lists and a mask_mod; ignored without a word on SM80',
  fit: () => yes('block_sparse_tensors with a complete mask_mod'),
};

const flashAttention: Library = {
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

const deepSpeed: Library = {
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

const huggingFaceLongformer: Library = {
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

const huggingFaceBigBird: Library = {
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

const huggingFaceDecoders: Library = {
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

const flashInfer: Library = {
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

const blockSparseAttention: Library = {
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

const spargeAttn: Library = {
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

const flashMask: Library = {
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

const magiAttention: Library = {
  id: 'magi-attention',
  name: 'MagiAttention',
  version: 'HEAD of 2026',
  takes: 'any mask, as slices of a query range and a key range; one for all heads',
  fit(subject) {
    const [mask] = subject.masks;
    return headsDiffer(subject) ?? yes(`at most ${mask.stretches} slices of type FULL; regular masks need far fewer`);
  },
};

const splash: Library = {
  id: 'jax-splash',
  name: 'JAX splash attention',
  version: 'jax 0.11.1 (cec06d11)',
  takes: 'any mask for each head, as NumPy array or as a lazy class; queries without keys are undefined',
  fit(subject) {
    const stopped = hasEmptyQuery(subject);
    if (stopped !== undefined) return stopped;
    const { offset, queries, tokens } = subject.shape;
    const shape = `(${queries}, ${tokens})`;
    return each(subject, mask => {
      const window = windowOf(mask);
      const shift = offset === 0 ? '' : `, offset=${offset}`;
      if (window !== undefined) {
        const { before, after } = window;
        if (before === undefined && after === undefined) return `FullMask(${shape})`;
        if (before === undefined && after === 0) return `CausalMask(${shape}${shift})`;
        return `LocalMask(${shape}, (${before ?? 'None'}, ${after ?? 'None'}), ${offset})`;
      }
      const block = mask.whole?.causal === true && offset === 0 ? parts(mask, 'block')?.block : undefined;
      return block === undefined ? 'NumpyMask, which takes n x n bytes' : `ChunkedCausalMask(${shape}, ${block.size})`;
    });
  },
};

const xformers: Library = {
  id: 'xformers',
  name: 'xFormers attn_bias',
  version: '0.0.35 (ca6d2aa0)',
  takes: 'any mask as a dense tensor; causal windows and packed documents without one',
  fit(subject) {
    return each(subject, mask => {
      const window = windowOf(mask);
      const isAligned = isNotAlignedToTheEnd(subject) === undefined;
      if (window?.after === 0 && isAligned)
        return window.before === undefined
          ? 'LowerTriangularFromBottomRightMask'
          : `LowerTriangularFromBottomRightLocalAttentionMask(${window.before + 1})`;
      const documents = isNotSquare(subject) === undefined ? documentLengths(mask, subject.shape.tokens) : undefined;
      if (documents !== undefined)
        return `BlockDiagonalMask.from_seqlens([${documents}])${mask.whole?.causal === true ? '.make_causal()' : ''}`;
      return 'a dense tensor, which takes n x n numbers';
    });
  },
};

/** Lengths of the documents that a mask falls into, as a list; long lists are cut. */
function documentLengths(mask: FitMask, tokens: number): string | undefined {
  const block = parts(mask, 'block')?.block;
  if (block !== undefined) return `${block.size}, ...`;
  const found = parts(mask, 'documents')?.documents;
  if (found === undefined || tokens === 0) return undefined;
  return found.lengths.length <= 8 ? found.lengths.join(', ') : `${found.lengths.slice(0, 8).join(', ')}, ...`;
}

const onnxAttention: Library = {
  id: 'onnx-attention',
  name: 'ONNX Attention (opset 23, 24)',
  version: 'onnx 1.23.1',
  takes: 'any mask as a dense Boolean tensor',
  fit: () => yes('attn_mask, Boolean, [batch, heads, queries, keys]'),
};

const onnxGroupQuery: Library = {
  id: 'onnx-group-query',
  name: 'ONNX Runtime GroupQueryAttention (local_window_size)',
  version: 'ONNX Runtime 1.30.0',
  takes: 'causal, or a causal sliding window; one for all heads',
  fit(subject) {
    const [mask] = subject.masks;
    const stopped = firstReason(
      () => headsDiffer(subject),
      () => isNotAlignedToTheEnd(subject),
      () => seesTheFuture(subject),
    );
    if (stopped !== undefined) return stopped;
    const window = windowOf(mask);
    return window === undefined
      ? isNoWindow(mask)
      : yes(`local_window_size=${window.before === undefined ? -1 : window.before + 1}`);
  },
};

const onnxSparse: Library = {
  id: 'onnx-sparse',
  name: 'ONNX Runtime SparseAttention',
  version: 'ONNX Runtime 1.30.0',
  takes: 'whole blocks of 16, 32, 64 or 128 cut to the past; head h uses layout h modulo their number',
  fit(subject) {
    const stopped = firstReason(
      () => seesTheFuture(subject),
      () => isNotAlignedToTheEnd(subject),
    );
    if (stopped !== undefined) return stopped;
    for (const block of [128, 64, 32, 16])
      if (breaksBlocks(subject, square(block), true) === undefined)
        return yes(
          `sparse_block_size=${block} with ${layouts(subject.headMask)} layouts`.replace(/ 1 layouts$/, ' 1 layout'),
        );
    return breaksBlocks(subject, square(16), true) ?? no('its blocks are of another size');
  },
};

/** Fewest layouts so that head h uses layout h modulo their number. */
function layouts(headMask: readonly number[]): number {
  for (let count = 1; ; count++) if (headMask.every((mask, head) => mask === headMask[head % count])) return count;
}

const onnxLongformer: Library = {
  id: 'onnx-longformer',
  name: 'ONNX Runtime LongformerAttention',
  version: 'ONNX Runtime 1.30.0',
  takes: 'a window with as many keys on both sides, and global tokens; one mask for all heads',
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
      return yes(`window=${band.before}${tokens === undefined ? '' : `, global=1 at ${tokens}`}`);
    }
    return notThis(mask, 'a window with as many keys on both sides and global tokens');
  },
};

const tritonLayout: Library = {
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

const openaiBlocksparse: Library = {
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

/** Why a mask is not of a kind that a configuration can say. */
function notThis(mask: FitMask, wanted: string): Fit {
  const { whole } = mask;
  if (whole !== undefined) return no(`it takes ${wanted} alone, but this is ${textOf(expressionOf(whole))}`);
  const { contiguous } = mask.rows;
  if (contiguous.holds) return no(`it takes ${wanted} alone`);
  const { query, before, missing, after } = contiguous.counterexample;
  return no(`it takes ${wanted} alone, but query ${query} sees keys ${before} and ${after} and not ${missing}`, {
    query,
    key: missing,
  });
}

/** Every library that is asked, those for training first. */
export const libraries: readonly Library[] = [
  flexAttention,
  flashAttention4,
  flashAttention,
  flashMask,
  magiAttention,
  blockSparseAttention,
  spargeAttn,
  flashInfer,
  xformers,
  splash,
  deepSpeed,
  tritonLayout,
  openaiBlocksparse,
  huggingFaceLongformer,
  huggingFaceBigBird,
  huggingFaceDecoders,
  onnxAttention,
  onnxGroupQuery,
  onnxSparse,
  onnxLongformer,
];
