import type { MaskNode, MaskTree } from '../../compile/mask-tree.ts';
import type { Pair } from '../find-pair.ts';
import { quartersOf } from '../quarters.ts';
import { TreeLines } from '../recognise/tree-lines.ts';

/** A tile that holds one pair and lacks another that it should hold as well. */
export interface BrokenTile {
  readonly held: Pair;
  readonly missing: Pair;
}

/**
 * The first tile of a mask, in the order of rows, that is neither empty nor all that `domain` holds there: with the whole
 * square as the domain, a mask without such a tile is one of blocks, with the past one of blocks cut to the past.
 * Both trees have the same tile and size; the mask lies within the domain. `offset` is the position of query row 0.
 */
export function firstBrokenTile(mask: MaskTree, domain: MaskTree, offset = 0): BrokenTile | undefined {
  const sound = new Map<MaskNode, Set<MaskNode>>();
  const find = (
    a: MaskNode | null,
    b: MaskNode | null,
    level: number,
    row: number,
    key: number,
  ): [number, number] | undefined => {
    if (a === null || b === null || a.pairs === b.pairs) return undefined;
    if (level === 0) return [row, key];
    if (sound.get(a)?.has(b) === true) return undefined;
    const [own, all] = [quartersOf(a, level, mask.tile), quartersOf(b, level, mask.tile)];
    const half = 2 ** (level - 1);
    let found: [number, number] | undefined;
    for (let quarter = 0; quarter < 4; quarter++) {
      const at = find(
        own[quarter] ?? null,
        all[quarter] ?? null,
        level - 1,
        row + (quarter < 2 ? 0 : half),
        key + (quarter % 2 === 0 ? 0 : half),
      );
      if (at !== undefined && (found === undefined || at[0] < found[0])) found = at;
    }
    if (found === undefined) sound.set(a, (sound.get(a) ?? new Set()).add(b));
    return found;
  };
  const tile = find(mask.root, domain.root, mask.levels, 0, 0);
  return tile && pairsIn(mask, domain, tile[0], tile[1], offset);
}

function pairsIn(mask: MaskTree, domain: MaskTree, tileRow: number, tileColumn: number, offset: number): BrokenTile {
  const [from, to] = [tileColumn * mask.tile.keys, Math.min(mask.keys, (tileColumn + 1) * mask.tile.keys)];
  const [held, all] = [new TreeLines(mask), new TreeLines(domain)];
  let first: Pair | undefined;
  let missing: Pair | undefined;
  const end = Math.min(mask.queries, (tileRow + 1) * mask.tile.queries);
  for (let row = tileRow * mask.tile.queries; row < end && (first === undefined || missing === undefined); row++) {
    const keys = new Set(inside(held.row(row), from, to));
    const possible = inside(all.row(row), from, to);
    const key = possible.find(each => keys.has(each));
    const gap = possible.find(each => !keys.has(each));
    if (key !== undefined) first ??= { query: offset + row, key };
    if (gap !== undefined) missing ??= { query: offset + row, key: gap };
  }
  if (first === undefined || missing === undefined) throw new RangeError('the tile is whole or empty');
  return { held: first, missing };
}

function inside(runs: readonly number[], from: number, to: number): number[] {
  const keys: number[] = [];
  for (let at = 0; at < runs.length; at += 2)
    for (let key = Math.max(from, runs[at] ?? 0); key < Math.min(to, runs[at + 1] ?? 0); key++) keys.push(key);
  return keys;
}
