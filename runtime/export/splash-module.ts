import { asComments, commented, tensorReader } from './python-text.ts';

/** What a Python module says of its masks. */
export interface SplashFacts {
  readonly name: string;
  readonly source: string | undefined;
  readonly queries: number;
  readonly keys: number;
  readonly block: number;
  /** [heads]: which of the distinct masks each head has. */
  readonly head: readonly number[];
  /** [distinct masks]: Python text of a lazy class for `shape`; undefined: the blocks of the file beside it. */
  readonly classes: readonly (string | undefined)[];
}

/** The text of the module; where a mask has no lazy class it reads the .safetensors file of its own name. */
export function splashModule({ name, source, queries, keys, block, head, classes }: SplashFacts): string {
  const stored = classes.includes(undefined);
  return `"""The sparse attention mask of ${commented(name)} for JAX's splash attention, checked with JAX 0.10.2.

    from mask import attend  # whatever this file is called
    output = attend(q, k, v)  # q [batch, heads, ${queries}, dim], k and v [batch, kv heads, ${keys}, dim]

Row r of the mask is query row r. The kernel works in blocks of ${block}: mask() is padded to them, with pairs that are not allowed.
"""
${stored ? '\nimport json\nfrom functools import lru_cache\nfrom pathlib import Path\n' : '\nfrom functools import lru_cache\n'}
import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.pallas.ops.tpu.splash_attention import splash_attention_kernel, splash_attention_mask

${asComments(source)}QUERIES = ${queries}
KEYS = ${keys}
HEADS = ${head.length}  # ${head.length === 1 ? 'one mask for all heads' : 'query heads, each with its mask'}
BLOCK = ${block}
_HEAD = ${JSON.stringify(head)}
# Masks that splash attention computes by itself.
_LAZY = {${classes.flatMap((text, index) => (text === undefined ? [] : [`${index}: lambda shape: splash_attention_mask.${text}`])).join(', ')}}

_ROWS = -(-QUERIES // BLOCK)
_COLUMNS = -(-KEYS // BLOCK)
${stored ? storedMask : ''}

@lru_cache(maxsize=None)
def _mask(number):
    lazy = _LAZY.get(number)
${stored ? '    return lazy((_ROWS * BLOCK, _COLUMNS * BLOCK)) if lazy else BlockMask(number)' : '    return lazy((_ROWS * BLOCK, _COLUMNS * BLOCK))'}


def mask(heads=HEADS):
    """The MultiHeadMask, padded to whole blocks. Where one mask is for all heads, any number of them."""
    numbers = _HEAD if HEADS > 1 else _HEAD * heads
    return splash_attention_mask.MultiHeadMask([_mask(number) for number in numbers])


@lru_cache(maxsize=None)
def _kernel(heads, interpret):
    sizes = splash_attention_kernel.BlockSizes.get_default()
    return splash_attention_kernel.make_splash_mha(mask(heads), block_sizes=sizes, head_shards=1, q_seq_shards=1, interpret=interpret)


def attend(q, k, v, scale=None, interpret=False):
    """Attention under the mask on a TPU; interpret=True runs anywhere, slowly."""
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    pad = lambda x: jnp.pad(x, ((0, 0), (0, 0), (0, -x.shape[2] % BLOCK), (0, 0)))  # noqa: E731
    with jax.ensure_compile_time_eval():
        kernel = _kernel(q.shape[1], interpret)
    output = jax.vmap(kernel)(pad(q * scale), pad(k), pad(v))[:, :, :QUERIES]
${
  stored
    ? `    # What the kernel makes of a query without keys is not defined.
    has_keys = np.stack([_has_keys(number) for number in _HEAD])[None, :, :, None]
    return jnp.where(has_keys, output, 0)`
    : '    return output'
}
`;
}

const storedMask = `
${tensorReader('numpy')}

@lru_cache(maxsize=None)
def _tensors():
    return _read(Path(__file__).with_suffix(".safetensors"))


class BlockMask(splash_attention_mask.Mask):
    """One mask, of which any piece is computed from its blocks."""

    def __init__(self, number):
        self.number = number

    @property
    def shape(self):
        return _ROWS * BLOCK, _COLUMNS * BLOCK

    def blocks(self, row):
        """Columns of blocks of a row of blocks, and which bits each has."""
        tensors = _tensors()
        begin, end = tensors["row_start"][self.number * _ROWS + row :][:2]
        return tensors["column"][begin:end], tensors["tile"][begin:end]

    def __getitem__(self, idx):
        rows, columns = (range(*part.indices(size)) for part, size in zip(idx, self.shape))
        out = np.zeros((len(rows), len(columns)), dtype=np.bool_)
        if len(rows) == 0 or len(columns) == 0:
            return out
        for row in range(rows[0] // BLOCK, rows[-1] // BLOCK + 1):
            inside = range(max(rows.start, row * BLOCK), min(rows.stop, (row + 1) * BLOCK))
            found, tiles = self.blocks(row)
            first, last = np.searchsorted(found, (columns[0] // BLOCK, columns[-1] // BLOCK + 1))
            for column, tile in zip(found[first:last].tolist(), tiles[first:last].tolist()):
                bits = np.unpackbits(_tensors()["bits"][tile], axis=-1, bitorder="little")
                keys = range(max(columns.start, column * BLOCK), min(columns.stop, (column + 1) * BLOCK))
                piece = bits[inside.start - row * BLOCK : inside.stop - row * BLOCK, keys.start - column * BLOCK : keys.stop - column * BLOCK]
                out[inside.start - rows.start : inside.stop - rows.start, keys.start - columns.start : keys.stop - columns.start] = piece
        return out

    def __eq__(self, other):
        return isinstance(other, BlockMask) and self.number == other.number

    def __hash__(self):
        return hash((BlockMask, self.number))


@lru_cache(maxsize=None)
def _has_keys(number):
    """Which queries have a key, [QUERIES]."""
    if number in _LAZY:
        return np.ones(QUERIES, dtype=np.bool_)
    rows = [_tensors()["bits"][BlockMask(number).blocks(row)[1]].any(axis=(0, 2)) for row in range(_ROWS)]
    return np.concatenate(rows)[:QUERIES]

`;
