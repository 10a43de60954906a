import { rowBlocks, type TilePlan, wordsPerMask, wordsPerRow } from '../compile/tile-plan.ts';
import { planOfRequest } from './head-masks.ts';
import type { ExportRequest } from './request.ts';
import { checkExportSize } from './size-limit.ts';

/** Characters that a number takes at most, with what separates it from the next. */
const MOST_CHARACTERS = 12;

/**
 * The tile plan as a C99 header of its own: the arrays `row_start`, `column`, `mask_id` and `masks`, and the function
 * `mask_allows(query, key)`, all with the prefix `sparse_`. A file that includes it needs nothing but <stdint.h>.
 *
 * @throws ExportSizeError above 2 GiB
 */
export function exportC(request: ExportRequest): Uint8Array<ArrayBuffer> {
  const plan = planOfRequest(request);
  const numbers = plan.rowStart.length + 2 * plan.column.length + plan.masks.length;
  // A JavaScript string ends at half a gibibyte.
  checkExportSize(
    `A C header of ${numbers.toLocaleString('en-US')} numbers`,
    4 * MOST_CHARACTERS * numbers,
    'Export it as safetensors, which stores the same arrays in binary.',
  );
  return new TextEncoder().encode(headerOf(request, plan));
}

function headerOf({ name, source }: ExportRequest, plan: TilePlan): string {
  const { tile, queries, keys } = plan;
  return `${comment([`The sparse attention mask ${name}: ${queries} queries, ${keys} keys.`, '', ...(source ?? '').split('\n')])}
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
${array('sparse_row_start', plan.rowStart)}
/* Tile of keys of each tile. */
${array('sparse_column', plan.column)}
/* Number of the mask of each tile, or SPARSE_FULL. */
${array('sparse_mask_id', plan.maskId)}
/* Bit c of word w of row r of a mask is key 32 w + c of the tile. */
${array('sparse_masks', plan.masks)}
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

/** C has no empty arrays. */
function array(name: string, values: Uint32Array): string {
  const lines: string[] = [];
  const all = values.length === 0 ? Uint32Array.of(0) : values;
  for (let at = 0; at < all.length; at += 12) lines.push(`  ${all.subarray(at, at + 12).join('u, ')}u,`);
  return `static const uint32_t ${name}[] = {\n${lines.join('\n')}\n};\n`;
}

/** Text of other people must not end the comment. */
function comment(lines: readonly string[]): string {
  const text = lines.map(line => ` * ${line.replaceAll('*/', '* /').replaceAll('/*', '/ *')}`.trimEnd());
  return `/*\n${text.join('\n')}\n */`;
}
