import { block, blocked } from './blocks.ts';
import { diagonals, documents, prefix } from './documents.ts';
import { causal, diagonal, full, none } from './elementary.ts';
import { axial, neighborhood, tiles } from './grids.ts';
import { mask } from './mask-file.ts';
import type { Primitive } from './primitive.ts';
import { random } from './random.ts';
import { blockTopk, lsh, routing, threshold, topk, verticalSlash } from './selections.ts';
import { columns, fixed, globalTokens, rows } from './tokens.ts';
import { symmetric, transpose } from './transposes.ts';
import { exponential, sliding, strided, window } from './windows.ts';

/** Every primitive of the language by name, in the order in which lists show them. */
export const primitives: ReadonlyMap<string, Primitive> = new Map(
  [
    full,
    none,
    diagonal,
    causal,
    window,
    sliding,
    globalTokens,
    rows,
    columns,
    strided,
    fixed,
    block,
    blocked,
    random,
    exponential,
    diagonals,
    documents,
    prefix,
    axial,
    neighborhood,
    tiles,
    mask,
    transpose,
    symmetric,
    topk,
    threshold,
    blockTopk,
    lsh,
    routing,
    verticalSlash,
  ].map(primitive => [primitive.name, primitive]),
);
