import { asComments, commented, tensorReader } from './python-text.ts';

/** What a Python module says of its mask. */
export interface FlexFacts {
  readonly name: string;
  readonly source: string | undefined;
  readonly queries: number;
  readonly keys: number;
  /** 1: one mask for all heads. */
  readonly heads: number;
  readonly block: number;
  /** Position of query row 0. */
  readonly offset: number;
  /** Python expressions of positions i and j, one for each distinct mask; undefined: masks are looked up. */
  readonly formulas: readonly string[] | undefined;
  /** Proven: every query has a key. */
  readonly noEmptyQuery: boolean;
  /** Proven: every list of blocks is one stretch. */
  readonly contiguous: boolean;
}

/** The text of the module that reads the tensors beside it, which have its name and the ending .safetensors. */
export function flexModule(facts: FlexFacts): string {
  const { name, source, queries, keys, heads, block, noEmptyQuery, contiguous, formulas } = facts;
  const truth = (holds: boolean): string => (holds ? 'True' : 'False');
  return `"""The sparse attention mask of ${commented(name)} for FlexAttention, checked with PyTorch 2.13.

    from mask import attend  # whatever this file is called
    output = attend(q, k, v)  # q [batch, heads, ${queries}, dim], k and v [batch, kv heads, ${keys}, dim]

It reads the .safetensors file of the same name beside it. Row r of the mask is query row r.
"""

import json
from functools import lru_cache
from pathlib import Path

import torch
from torch.nn.attention.flex_attention import BlockMask, flex_attention

${asComments(source)}QUERIES = ${queries}
KEYS = ${keys}
HEADS = ${heads}  # ${heads === 1 ? 'one mask for all heads' : 'query heads, each with its mask'}
BLOCK = ${block}
# Proven of the mask: whether every query has a key, and whether the blocks of every row and column are one stretch.
KERNEL_OPTIONS = {"ROWS_GUARANTEED_SAFE": ${truth(noEmptyQuery)}, "BLOCKS_ARE_CONTIGUOUS": ${truth(contiguous)}}

_ROWS = -(-QUERIES // BLOCK)
_COLUMNS = -(-KEYS // BLOCK)
${tensorReader('torch')}

@lru_cache(maxsize=None)
def _tensors(device):
    tensors = {name: tensor.to(device) for name, tensor in _read(Path(__file__).with_suffix(".safetensors")).items()}
    row_start = tensors["row_start"].long()
    # The row of blocks of each block, over all distinct masks.
    tensors["row"] = torch.repeat_interleave(torch.arange(len(row_start) - 1, device=device), row_start.diff())
    return tensors


@lru_cache(maxsize=None)
def make_mask_mod(device="cuda"):
    """The whole mask as a mask_mod, which is all that uncompiled FlexAttention looks at."""
${formulas === undefined ? LOOKED_UP : computed(formulas, facts)}
    return mask_mod


@lru_cache(maxsize=None)
def block_mask(device="cuda", backward=True):
    """The BlockMask, built from lists of blocks, never from pairs. PyTorch transposes them for gradients: most of the work."""
    tensors = _tensors(device)
    row, column, head = tensors["row"], tensors["column"], tensors["head"].long()
    full = tensors["tile"] == 1
    rows = len(tensors["row_start"]) - 1

    def lists(chosen):
        own = row[chosen]
        count = torch.bincount(own, minlength=rows)
        at = torch.arange(len(own), device=device) - (count.cumsum(0) - count)[own]
        index = torch.zeros(rows, _COLUMNS, dtype=torch.int32, device=device)
        index[own, at] = column[chosen]
        heads = head if HEADS > 1 else head[:1]
        return count.int().view(-1, _ROWS)[heads][None], index.view(-1, _ROWS, _COLUMNS)[heads][None]

    partial_count, partial_index = lists(~full)
    full_count, full_index = lists(full)
    return BlockMask.from_kv_blocks(
        partial_count,
        partial_index,
        full_count,
        full_index,
        BLOCK_SIZE=BLOCK,
        mask_mod=make_mask_mod(device),
        seq_lengths=(QUERIES, KEYS),
        compute_q_blocks=backward,
    )


def attend(q, k, v, flex=flex_attention, **options):
    """Attention under the mask; pass flex=torch.compile(flex_attention, dynamic=False) for the block-sparse kernel."""
    backward = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (q, k, v))
    options["kernel_options"] = {**KERNEL_OPTIONS, **options.get("kernel_options", {})}
    options.setdefault("enable_gqa", q.shape[1] != k.shape[1])
    return flex(q, k, v, block_mask=block_mask(str(q.device), backward), **options)
`;
}

const LOOKED_UP = `    tensors = _tensors(device)
    bits, head = tensors["bits"].flatten(), tensors["head"].long()
    masks = (len(tensors["row_start"]) - 1) // _ROWS
    # Which mask each block has: 0 allows nothing, 1 everything.
    table = torch.zeros(masks * _ROWS * _COLUMNS, dtype=torch.int32, device=device)
    table[tensors["row"] * _COLUMNS + tensors["column"]] = tensors["tile"]

    # No globals: compilers would look them up by the name of this module.
    heads, rows, columns, block = HEADS, _ROWS, _COLUMNS, BLOCK

    def mask_mod(b, h, q_idx, kv_idx):
        mask = head[h] if heads > 1 else 0
        tile = table[(mask * rows + q_idx // block) * columns + kv_idx // block].long()
        byte = bits[(tile * block + q_idx % block) * (block // 8) + kv_idx % block // 8]
        return ((byte >> (kv_idx % 8)) & 1) == 1
`;

/** A mask_mod that computes what the masks are, which is faster than looking their bits up. */
function computed(formulas: readonly string[], { offset }: FlexFacts): string {
  const several = formulas.length > 1;
  const [only = ''] = formulas;
  const terms = formulas.map((formula, mask) => `((mask == ${mask}) & ${formula})`);
  return `${several ? '    head = _tensors(device)["head"].long()\n\n' : ''}    def mask_mod(b, h, q_idx, kv_idx):
        i, j = q_idx${offset === 0 ? '' : ` + ${offset}`}, kv_idx
${several ? '        mask = head[h]\n' : ''}        return ${several ? terms.join(' | ') : only}
`;
}
