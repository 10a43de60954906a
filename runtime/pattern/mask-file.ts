import { BitMatrixMask } from './bit-matrix-mask.ts';
import { N, times } from './growth.ts';
import type { Pattern } from './ir.ts';
import { type MaskBits, unpackMask, wordsOfRow } from './mask-bits.ts';
import { PatternError, type Primitive } from './primitive.ts';

/** The call whose pairs, chosen by content, a mask holds; undefined for what a file holds. */
export function choosing(pattern: Pattern & { readonly kind: 'primitive' }): Pattern | undefined {
  const { path } = pattern.args;
  return path?.type === 'mask' ? path.value.chosenBy : undefined;
}

/** Masks that were made of unpacked bits, by head. */
const made = new WeakMap<MaskBits, BitMatrixMask[]>();

function maskOfHead(bits: MaskBits, head: number): BitMatrixMask {
  let masks = made.get(bits);
  if (masks === undefined) {
    masks = [];
    made.set(bits, masks);
  }
  const words = bits.tokens * wordsOfRow(bits.tokens);
  masks[head] ??= new BitMatrixMask(bits.words.subarray(head * words, (head + 1) * words), bits.tokens);
  return masks[head];
}

export const mask: Primitive = {
  name: 'mask',
  summary: 'A mask from a file: every query attends to the keys that the array says.',
  condition: "the file's array holds true at [i, j], or at [head, i, j]",
  details:
    'Reads `.npy`, `.npz` and `.safetensors`: an array of booleans (or 0 and 1) `[n, n]` for all heads or `[heads, n, n]`, a SciPy CSR matrix, or a tile plan ' +
    'that was exported here. Of several arrays the one called `mask` is meant. The path is relative to the file it stands in. Another `n`, or another number of heads, ' +
    'is an error. A file has at most 64 MiB and 2^28 pairs (`n` = 16,384). Its complexity says `mask_keys` for the mean number of keys of a query.',
  source: '',
  parameters: [
    {
      name: 'path',
      type: 'string',
      isMaskFile: true,
      documentation: 'The file, such as `"mask.npz"`, relative to the file it is named in.',
    },
  ],
  snippets: ['mask("${1:mask.npz}")'],
  example: 'mask("mask.npz")',
  bind(args, shape) {
    const data = args.mask('path');
    const { name, tokens, heads } = data;
    const otherTokens = tokens !== shape.tokens;
    const otherHeads = heads !== null && heads !== shape.heads;
    if (otherTokens || otherHeads)
      throw new PatternError(
        'mask-shape',
        otherTokens
          ? `${JSON.stringify(name)} holds a mask of ${tokens} x ${tokens}, but n is ${shape.tokens}`
          : `${JSON.stringify(name)} holds masks of ${heads} ${heads === 1 ? 'head' : 'heads'}, but there ${shape.heads === 1 ? 'is 1 head' : `are ${shape.heads} heads`}; an array [n, n] is for all heads`,
        args.error('path', '').span,
        true,
        otherTokens && shape.outer === undefined ? tokens : undefined,
        otherHeads ? heads : undefined,
      );
    return maskOfHead(unpackMask(data), heads === null ? 0 : shape.head);
  },
  // As many pairs as the file holds; n * (mean keys of a query) keeps them comparable with the other terms.
  terms: () => [times(N, { n: 0, log: 0, factors: { mask_keys: 1 } })],
};
