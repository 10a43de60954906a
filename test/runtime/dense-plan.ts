import { FULL_TILE, type TilePlan, wordsPerMask, wordsPerRow } from '../../runtime/compile/tile-plan.ts';

/** A plan by brute force from a predicate over (query row, key), independent of the compiler. */
export function densePlan(
  queries: number,
  keys: number,
  allowed: (row: number, key: number) => boolean,
  tile: TilePlan['tile'] = { queries: 64, keys: 64 },
): TilePlan {
  const blocks = Math.ceil(queries / tile.queries);
  const columns = Math.ceil(keys / tile.keys);
  const rowStart = new Uint32Array(blocks + 1);
  const pairs = new Float64Array(blocks);
  const column: number[] = [];
  const maskId: number[] = [];
  const masks: Uint32Array[] = [];
  const ids = new Map<string, number>();
  for (let block = 0; block < blocks; block++) {
    for (let tileColumn = 0; tileColumn < columns; tileColumn++) {
      const words = new Uint32Array(wordsPerMask({ tile }));
      let count = 0;
      for (let r = 0; r < tile.queries; r++) {
        for (let c = 0; c < tile.keys; c++) {
          const row = block * tile.queries + r;
          const key = tileColumn * tile.keys + c;
          if (row >= queries || key >= keys || !allowed(row, key)) continue;
          words[r * wordsPerRow({ tile }) + (c >>> 5)]! |= 1 << (c & 31);
          count++;
        }
      }
      if (count === 0) continue;
      pairs[block]! += count;
      column.push(tileColumn);
      if (count === tile.queries * tile.keys) {
        maskId.push(FULL_TILE);
        continue;
      }
      const name = words.join();
      let id = ids.get(name);
      if (id === undefined) {
        id = masks.length;
        masks.push(words);
        ids.set(name, id);
      }
      maskId.push(id);
    }
    rowStart[block + 1] = column.length;
  }
  const stored = new Uint32Array(masks.length * wordsPerMask({ tile }));
  masks.forEach((words, index) => {
    stored.set(words, index * words.length);
  });
  return {
    tile,
    queries,
    keys,
    rowStart,
    column: Uint32Array.from(column),
    maskId: Uint32Array.from(maskId),
    masks: stored,
    pairs,
  };
}
