/** How a format treats the heads of a layer. */
export type HeadsHeld =
  /** A file holds the mask of one head. */
  | 'one'
  /** A file holds one mask, or of all heads one each. */
  | 'each'
  /** A file holds one mask, which all heads must share. */
  | 'shared';

/** One kind of file that a mask can be saved as, for whoever lets a person choose. */
export interface FormatName {
  /** What `--format` takes. */
  readonly id:
    | 'npy'
    | 'npz-dense'
    | 'bits'
    | 'csr'
    | 'bsr'
    | 'safetensors'
    | 'flex'
    | 'fa4'
    | 'flashinfer'
    | 'flashinfer-vsa'
    | 'flashmask'
    | 'mit-block-sparse'
    | 'sparge'
    | 'triton-layout'
    | 'deepspeed'
    | 'splash'
    | 'hf'
    | 'onnx'
    | 'wgsl'
    | 'c'
    | 'png'
    | 'svg'
    | 'md'
    | 'json';
  /** For a list of formats. */
  readonly title: string;
  /** Without the dot. */
  readonly extension: string;
  /** Extension of a second file, which lies beside the first under the same name, where the mask needs one. */
  readonly beside?: string;
  /** One sentence: what is in the file and how to read it. */
  readonly description: string;
  readonly heads: HeadsHeld;
  /** Which masks it holds exactly; absent: all. */
  readonly exactFor?: string;
  /** Can whole blocks be allowed where the mask is not exactly held? */
  readonly rounds?: true;
  /** It shows or counts the mask and does not hold it. */
  readonly isReport?: true;
}

/** Every format, in the order in which lists show them. */
export const formatNames: readonly FormatName[] = [
  {
    id: 'npy',
    title: 'NumPy dense mask',
    extension: 'npy',
    description: 'Dense bool [queries, keys], true = attend; numpy.load reads it.',
    heads: 'each',
  },
  {
    id: 'npz-dense',
    title: 'Compressed NumPy mask',
    extension: 'npz',
    description: 'The same as the array "mask" of a compressed file; numpy.load reads it.',
    heads: 'each',
  },
  {
    id: 'bits',
    title: 'NumPy packed bits',
    extension: 'npz',
    description: 'Eight keys to a byte, with shape and bit order; numpy.unpackbits opens it.',
    heads: 'each',
  },
  {
    id: 'csr',
    title: 'SciPy sparse matrix (CSR)',
    extension: 'npz',
    description: 'Compressed sparse rows of bool [queries, keys]; scipy.sparse.load_npz reads it.',
    heads: 'one',
  },
  {
    id: 'bsr',
    title: 'SciPy block sparse matrix (BSR)',
    extension: 'npz',
    description:
      'Block sparse rows with bool blocks, the largest up to 64 x 64 that divide the lengths; scipy.sparse.load_npz reads it.',
    heads: 'one',
  },
  {
    id: 'safetensors',
    title: 'Tile plan (safetensors)',
    extension: 'safetensors',
    description:
      'The tiles that kernels work on, with the mask of each partial one; metadata says how to read them. Long lists come in parts with an order of tokens each.',
    heads: 'one',
  },
  {
    id: 'flex',
    title: 'PyTorch FlexAttention',
    extension: 'py',
    beside: 'safetensors',
    description:
      'A Python module with block_mask(device), make_mask_mod(device), attend(q, k, v) and proven kernel options, and the tensors it reads.',
    heads: 'each',
  },
  {
    id: 'fa4',
    title: 'FlashAttention-4 block tensors',
    extension: 'safetensors',
    description:
      'mask_block_cnt, mask_block_idx, full_block_cnt and full_block_idx for BlockSparseTensorsTorch in blocks of 128 x 128, and the bits that a mask_mod looks up for partial blocks; every list is as wide as the longest.',
    heads: 'each',
  },
  {
    id: 'flashinfer',
    title: 'FlashInfer block sparse rows',
    extension: 'safetensors',
    description: 'indptr, indices and mask for BlockSparseAttentionWrapper.plan, with M, N, R and C as metadata.',
    heads: 'shared',
    exactFor: 'masks that all heads share',
  },
  {
    id: 'flashinfer-vsa',
    title: 'FlashInfer block mask',
    extension: 'safetensors',
    description:
      'block_mask for BlockSparseAttentionWrapper.plan with the vsa backends, with M, N, R and C as metadata.',
    heads: 'each',
    exactFor:
      'masks of whole blocks of 128 x 128, or of 64 x 64 with a key for every query, that heads with the same keys share',
    rounds: true,
  },
  {
    id: 'flashmask',
    title: 'FlashMask (Paddle)',
    extension: 'npz',
    description: 'startend_row_indices and causal for paddle.nn.functional.flashmask_attention.',
    heads: 'each',
    exactFor: 'square masks that hide each key from one run of queries below the diagonal and one above it at most',
  },
  {
    id: 'mit-block-sparse',
    title: 'Block-Sparse-Attention (MIT)',
    extension: 'safetensors',
    description: 'base_blockmask and the other arguments of block_sparse_attn_func, with is_causal as metadata.',
    heads: 'each',
    exactFor: 'masks of whole blocks of 128 x 128, which may all be cut to the past',
    rounds: true,
  },
  {
    id: 'sparge',
    title: 'SpargeAttn block mask',
    extension: 'safetensors',
    description: 'mask_id for block_sparse_sage2_attn_cuda in blocks of 128 queries and 64 keys.',
    heads: 'each',
    exactFor: 'masks of whole blocks of 128 x 64',
    rounds: true,
  },
  {
    id: 'triton-layout',
    title: 'Block layout (DeepSpeed, Triton)',
    extension: 'safetensors',
    description: 'layout int64 [heads, queries / block, keys / block] of 0 and 1, with block as metadata.',
    heads: 'each',
    exactFor: 'masks of whole blocks of 16 x 16 or larger',
    rounds: true,
  },
  {
    id: 'deepspeed',
    title: 'DeepSpeed sparse attention',
    extension: 'py',
    beside: 'json',
    description:
      'A Python module with a SparsityConfig that returns the layout, and where a mode of DeepSpeed means the same, its sparse_attention configuration.',
    heads: 'each',
    exactFor: 'masks of whole blocks of 16 x 16 or larger, with as many queries as keys',
    rounds: true,
  },
  {
    id: 'splash',
    title: 'JAX splash attention',
    extension: 'py',
    beside: 'safetensors',
    description:
      'A Python module with mask() and attend(q, k, v): lazy mask classes where the masks are known ones, else a Mask that computes any piece from the blocks beside it.',
    heads: 'each',
  },
  {
    id: 'hf',
    title: 'Hugging Face configuration',
    extension: 'json',
    beside: 'safetensors',
    description:
      'Fields of config.json for all layers: layer_types, sliding_window and attention_chunk_size of decoders, or attention_window of Longformer and LED, local_radius of LongT5 and local_attention of ModernBERT, with global_attention_mask beside it where there are global tokens.',
    heads: 'shared',
    exactFor:
      'masks that all heads share: causal, a causal window or causal chunks; or a window with as many keys on both sides and global tokens, or some layers of a model without either',
  },
  {
    id: 'onnx',
    title: 'ONNX attention model',
    extension: 'onnx',
    description:
      'A model of one attention node: GroupQueryAttention for causal windows, SparseAttention for causal blocks (both need ONNX Runtime and as many queries as keys), else Attention of opset 23 with the mask as constant.',
    heads: 'each',
  },
  {
    id: 'wgsl',
    title: 'WebGPU kernel (WGSL)',
    extension: 'wgsl',
    beside: 'safetensors',
    description:
      'A kernel for heads of the length that the model says (else 64), which says what its bindings hold, and its plan.',
    heads: 'each',
    exactFor: 'all with heads of at most 256 numbers',
  },
  {
    id: 'c',
    title: 'C header',
    extension: 'h',
    description: 'The tile plan as constant arrays and a function that answers for one pair; needs only <stdint.h>.',
    heads: 'one',
  },
  {
    id: 'png',
    title: 'PNG picture',
    extension: 'png',
    description: 'The mask, each cell in the colour of the primitive that lit it; 1,024 pixels at most.',
    heads: 'one',
    isReport: true,
  },
  {
    id: 'svg',
    title: 'SVG picture with legend',
    extension: 'svg',
    description: 'The same picture, as rectangles where they are not too many, with its name, sizes and legend.',
    heads: 'one',
    isReport: true,
  },
  {
    id: 'md',
    title: 'Markdown report',
    extension: 'md',
    description: 'One page: the pattern, its numbers and its picture.',
    heads: 'one',
    isReport: true,
  },
  {
    id: 'json',
    title: 'JSON statistics',
    extension: 'json',
    description: 'Exact counts, density, complexity and the shape; no mask.',
    heads: 'one',
    isReport: true,
  },
];

const ALIASES: Readonly<Record<string, string>> = { npz: 'csr' };

/** The format of that id; `npz` is another word for `csr`. */
export function formatNameOf(id: string): FormatName | undefined {
  const name = Object.hasOwn(ALIASES, id) ? ALIASES[id] : id;
  return formatNames.find(format => format.id === name);
}

/** Other words for a format. */
export function aliasesOf({ id }: FormatName): readonly string[] {
  return Object.keys(ALIASES).filter(alias => ALIASES[alias] === id);
}
