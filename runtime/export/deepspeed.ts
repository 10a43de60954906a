import { zlibSync } from 'fflate';
import { toBase64 } from '../tensor/base64.ts';
import { bytesOf, contentsOf, contentsOfText } from '../tensor/contents.ts';
import { type Mode, modeOf } from './deepspeed-modes.ts';
import type { Misfit } from './misfit.ts';
import { asComments, commented } from './python-text.ts';
import type { Exported, ExportedFile, ExportRequest } from './request.ts';
import { checkExportSize, TEXT_LIMIT } from './size-limit.ts';
import { layoutMisfit, layoutSizes } from './triton-layout.ts';
import { type Blocks, blocksOf } from './whole-blocks.ts';

/** Why DeepSpeed cannot hold the masks of a request; undefined when it can. Throws CompileError. */
export function deepSpeedMisfit(request: ExportRequest): Misfit | undefined {
  const { queries, tokens } = request.shape;
  if (queries !== tokens)
    return { reason: `it has as many queries as keys, but here are ${queries} and ${tokens}`, roundable: false };
  return layoutMisfit(request);
}

/**
 * A Python module with a `SparsityConfig` for DeepSpeed's SparseSelfAttention (checked with the sources of 2026-08-22), whose
 * `make_layout` returns the blocks; and where a mode of DeepSpeed allows exactly these blocks, beside it the JSON with which
 * the configuration names it. Blocks are the largest of 128, 64, 32, 16 that a mode has, else the largest in which the masks
 * are whole blocks, else 16.
 *
 * @throws ExportSizeError when the layout is too much for a text
 */
export function exportDeepSpeed(request: ExportRequest): Exported {
  const { tokens } = request.shape;
  const heads = request.heads?.length ?? 1;
  const sizes = layoutSizes(request);
  const [largest] = sizes;
  checkExportSize(
    `A layout of blocks of ${largest}`,
    (heads * tokens ** 2) / largest ** 2,
    TEXT_LIMIT,
    'Export it as safetensors, which lists only what is allowed.',
  );
  let chosen: { block: number; blocks: Blocks; allowed: Uint8Array; mode: Mode | undefined } | undefined;
  for (const block of sizes) {
    const blocks = blocksOf(request, { queries: block, keys: block }, 'all');
    const allowed = bytesOf(contentsOf(blocks.allowed));
    const mode = modeOf(allowed, blocks);
    if (mode !== undefined || chosen === undefined) chosen = { block, blocks, allowed, mode };
    if (mode !== undefined) break;
  }
  if (chosen === undefined) throw new RangeError('there is a block size');
  const { block, blocks, allowed, mode } = chosen;
  const text = moduleText(request, heads, block, allowed, blocks.rows);
  const module: ExportedFile = { extension: 'py', contents: contentsOfText(text) };
  const { addedPairs } = blocks;
  if (mode === undefined) return { files: [module], addedPairs };
  const { mode: name, ...parameters } = mode;
  const json = JSON.stringify({ sparse_attention: { mode: name, block, ...parameters } }, null, 2);
  return { files: [module, { extension: 'json', contents: contentsOfText(`${json}\n`) }], addedPairs };
}

function moduleText(
  { name, source, shape }: ExportRequest,
  heads: number,
  block: number,
  allowed: Uint8Array,
  rows: number,
): string {
  return `"""The blocks of the sparse attention mask of ${commented(name)} for DeepSpeed's SparseSelfAttention.

    SparseSelfAttention(MaskSparsityConfig(num_heads))

Blocks are computed whole. A mask that cuts blocks on the diagonal to the past is no part of it.
"""

import base64
import zlib

import torch
from deepspeed.ops.sparse_attention import SparsityConfig

${asComments(source)}TOKENS = ${shape.tokens}
HEADS = ${heads}  # ${heads === 1 ? 'one layout for all heads' : 'heads, each with its layout'}
BLOCK = ${block}

# Bit b of byte c is block 8 c + b of the layout [HEADS, TOKENS / BLOCK, TOKENS / BLOCK].
_BITS = """
${wrapped(toBase64(zlibSync(packed(allowed))))}
"""


def _layout():
    data = torch.frombuffer(bytearray(zlib.decompress(base64.b64decode(_BITS))), dtype=torch.uint8)
    bits = (data[:, None] >> torch.arange(8, dtype=torch.uint8)) & 1
    return bits.flatten()[: HEADS * ${rows} * ${rows}].reshape(HEADS, ${rows}, ${rows}).to(torch.int64)


class MaskSparsityConfig(SparsityConfig):
    def __init__(self, num_heads=HEADS):
        if HEADS not in (1, num_heads):
            raise ValueError(f"This layout is for {HEADS} heads, not {num_heads}.")
        super().__init__(num_heads, block=BLOCK, different_layout_per_head=HEADS > 1)

    def make_layout(self, seq_len):
        if seq_len != TOKENS:
            raise ValueError(f"This layout is for {TOKENS} tokens, not {seq_len}.")
        layout = self.setup_layout(seq_len)
        layout[:] = _layout()
        return layout
`;
}

function packed(truths: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(truths.length / 8));
  for (const [at, truth] of truths.entries()) bytes[at >> 3] = Number(bytes[at >> 3]) | (truth << (at & 7));
  return bytes;
}

function wrapped(text: string): string {
  return text.replaceAll(/.{100}(?=.)/g, '$&\n');
}
