import { bitsBetween, popcount } from '../pattern/bits.ts';
import type { Box } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import type { LayeredMask } from './layered-mask.ts';

/** What a kernel that works on whole tiles does with one: nothing, everything, or everything and then mask it. */
export const TILE_EMPTY = 0;
export const TILE_FULL = 1;
export const TILE_PARTIAL = 2;

/** Tiles of a mask, by their row and column among all tiles; ends exclusive. */
export interface TileRange {
  readonly tile: number;
  readonly row: number;
  readonly rowEnd: number;
  readonly column: number;
  readonly columnEnd: number;
}

/**
 * TILE_EMPTY, TILE_FULL or TILE_PARTIAL for each tile of a range, row by row. What a last tile has past the end of the
 * sequence does not count. Exact.
 */
export function tileCover(mask: LayeredMask, shape: Shape, range: TileRange): Uint8Array<ArrayBuffer> {
  const { tile, row, rowEnd, column, columnEnd } = range;
  const cover = new Uint8Array((rowEnd - row) * (columnEnd - column));
  const known = new Map<string, number>();
  let at = 0;
  for (let y = row; y < rowEnd; y++)
    for (let x = column; x < columnEnd; x++) {
      cover[at++] = coverOf(
        mask,
        {
          row: shape.offset + y * tile,
          rowEnd: shape.offset + Math.min((y + 1) * tile, shape.queries),
          column: x * tile,
          columnEnd: Math.min((x + 1) * tile, shape.tokens),
        },
        known,
      );
    }
  return cover;
}

function coverOf(mask: LayeredMask, box: Box, known: Map<string, number>): number {
  const inBox = mask.narrow(box);
  if (inBox === null) return TILE_EMPTY;
  if (inBox.uniform(true) !== undefined) return TILE_FULL;
  const signature = inBox.signature(box);
  const name = signature && `${box.rowEnd - box.row},${box.columnEnd - box.column},${signature}`;
  const before = name === undefined ? undefined : known.get(name);
  if (before !== undefined) return before;
  const cover = count(inBox, box);
  if (name !== undefined) known.set(name, cover);
  return cover;
}

function count(mask: LayeredMask, box: Box): number {
  let lit = 0;
  let looked = 0;
  for (let row = box.row; row < box.rowEnd; row++)
    for (let column = box.column; column < box.columnEnd; column += 32) {
      looked += Math.min(32, box.columnEnd - column);
      mask.firstWord(row, column, bitsBetween(0, box.columnEnd - column), (_, bits) => {
        lit += popcount(bits);
      });
      if (lit > 0 && lit < looked) return TILE_PARTIAL;
    }
  return lit === 0 ? TILE_EMPTY : TILE_FULL;
}
