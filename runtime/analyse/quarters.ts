import type { MaskNode, TileSize } from '../compile/mask-tree.ts';

export type Quarters = readonly [MaskNode | null, MaskNode | null, MaskNode | null, MaskNode | null];

const NONE: Quarters = [null, null, null, null];

/**
 * Top left, top right, bottom left and bottom right of a node of 2**level tiles a side, level > 0. A full node has none of
 * its own: its quarters are full as far as it reaches, which at the end of the sequence may be less than they could.
 */
export function quartersOf(node: MaskNode | null, level: number, tile: TileSize): Quarters {
  if (node === null) return NONE;
  if (node.children !== undefined) return node.children;
  const rows = Math.min(node.rows, tile.queries * 2 ** (level - 1));
  const keys = Math.min(node.keys, tile.keys * 2 ** (level - 1));
  const part = (height: number, width: number): MaskNode | null =>
    height === 0 || width === 0
      ? null
      : {
          ...node,
          pairs: height * width,
          rows: height,
          keys: width,
          fullTiles: (height / tile.queries) * (width / tile.keys),
        };
  const [below, beside] = [node.rows - rows, node.keys - keys];
  return [part(rows, keys), part(rows, beside), part(below, keys), part(below, beside)];
}
