import { rowBlocks, type TilePlan, wordsPerMask, wordsPerRow } from '../compile/tile-plan.ts';
import { type Contents, contentsOf } from '../tensor/contents.ts';
import { planOfRequest } from './head-masks.ts';
import type { ExportRequest } from './request.ts';

/**
 * The tile plan as a C99 header of its own: the arrays `row_start`, `column`, `mask_id` and `masks`, and the function
 * `mask_allows(query, key)`, all with the prefix `sparse_`. A file that includes it needs nothing but <stdint.h>.
 */
export function exportC(request: ExportRequest): Contents {
  const plan = planOfRequest(request);
  const encoder = new TextEncoder();
  return contentsOf(function* () {
    for (const text of headerOf(request, plan)) yield encoder.encode(text);
  });
}

function* headerOf({ name, source }: ExportRequest, plan: TilePlan): Generator<string, void> {
  const { tile, queries, keys } = plan;
  yield `${comment([`The sparse attention mask ${name}: ${queries} queries, ${keys} keys.`, '', ...(source ?? '').split('\n')])}
#ifndef SPARSE_MASK_H
#define SPARSE_MASK_H

#include <stdint.h>

#define SPARSE_QUERIES ${queries}
#define SPARSE_KEYS ${keys}
/* Query rows and keys of one tile. */
#define SPARSE_TILE_QUERIES ${tile.queries}
#define SPARSE_TILE_KEYS ${tile.keys}
#define SPARSE_ROW_BLOCKS ${rowBlocks(plan)}
/* 32-bit words of one row of a mask, and of a whole mask. */
#define SPARSE_ROW_WORDS ${wordsPerRow(plan)}
#define SPARSE_MASK_WORDS ${wordsPerMask(plan)}
/* Value of sparse_mask_id for a tile in which every query attends to every key. */
#define SPARSE_FULL UINT32_C(4294967295)

/* The tiles of row block b are those from sparse_row_start[b] up to sparse_row_start[b + 1], keys ascending. */
`;
  yield* array('sparse_row_start', plan.rowStart);
  yield `
/* Tile of keys of each tile. */
`;
  yield* array('sparse_column', plan.column);
  yield `
/* Number of the mask of each tile, or SPARSE_FULL. */
`;
  yield* array('sparse_mask_id', plan.maskId);
  yield `
/* Bit c of word w of row r of a mask is key 32 w + c of the tile. */
`;
  yield* array('sparse_masks', plan.masks);
  yield `
/* 1 when the query in this row may attend to this key, else 0. */
static inline int sparse_mask_allows(uint32_t query, uint32_t key) {
  const uint32_t block = query / SPARSE_TILE_QUERIES;
  const uint32_t tile = key / SPARSE_TILE_KEYS;
  const uint32_t row = query % SPARSE_TILE_QUERIES;
  const uint32_t bit = key % SPARSE_TILE_KEYS;
  uint32_t from = sparse_row_start[block];
  uint32_t to = sparse_row_start[block + 1];
  while (from < to) {
    const uint32_t middle = from + (to - from) / 2;
    if (sparse_column[middle] < tile) from = middle + 1;
    else to = middle;
  }
  if (from == sparse_row_start[block + 1] || sparse_column[from] != tile) return 0;
  if (sparse_mask_id[from] == SPARSE_FULL) return 1;
  return (int)(sparse_masks[sparse_mask_id[from] * SPARSE_MASK_WORDS + row * SPARSE_ROW_WORDS + bit / 32] >> bit % 32 & 1);
}

#endif
`;
}

/** Numbers of a line, and of a text. */
const LINE = 12;
const TEXT = 1024 * LINE;

/** C has no empty arrays. */
function* array(name: string, values: Uint32Array): Generator<string, void> {
  const all = values.length === 0 ? Uint32Array.of(0) : values;
  yield `static const uint32_t ${name}[] = {\n`;
  for (let from = 0; from < all.length; from += TEXT) {
    let text = '';
    for (let at = from; at < Math.min(from + TEXT, all.length); at += LINE)
      text += `  ${all.subarray(at, at + LINE).join('u, ')}u,\n`;
    yield text;
  }
  yield '};\n';
}

/** Text of other people must not end the comment. */
function comment(lines: readonly string[]): string {
  const text = lines.map(line => ` * ${line.replaceAll('*/', '* /').replaceAll('/*', '/ *')}`.trimEnd());
  return `/*\n${text.join('\n')}\n */`;
}
