import { FULL_TILE, type TilePlan, wordsPerMask, wordsPerRow } from '../compile/tile-plan.ts';

/**
 * The plan of full attention: every query attends to every key. Used for the run that a sparse one is compared with.
 *
 * @param queries query rows, at least 1
 * @param keys keys, at least 1
 * @param tile rows and keys of a tile; keys a multiple of 16
 */
export function fullPlan(queries: number, keys: number, tile: TilePlan['tile'] = { queries: 64, keys: 64 }): TilePlan {
  const blocks = Math.ceil(queries / tile.queries);
  const columns = Math.ceil(keys / tile.keys);
  const shortKeys = keys % tile.keys;
  const shortRows = queries % tile.queries;
  const rowStart = Uint32Array.from({ length: blocks + 1 }, (_, block) => block * columns);
  const column = new Uint32Array(blocks * columns);
  const maskId = new Uint32Array(blocks * columns).fill(FULL_TILE);
  const pairs = new Float64Array(blocks);
  const masks: Uint32Array[] = [];
  const idOf = new Map<string, number>();
  /** The stored mask whose first `rows` rows allow the first `count` keys. */
  const corner = (rows: number, count: number): number => {
    const name = `${rows} ${count}`;
    const known = idOf.get(name);
    if (known !== undefined) return known;
    const words = new Uint32Array(wordsPerMask({ tile }));
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < count; c++) {
        const at = row * wordsPerRow({ tile }) + (c >>> 5);
        words[at] = Number(words[at]) | (1 << (c & 31));
      }
    }
    masks.push(words);
    idOf.set(name, masks.length - 1);
    return masks.length - 1;
  };
  for (let block = 0; block < blocks; block++) {
    const rows = block === blocks - 1 && shortRows > 0 ? shortRows : tile.queries;
    pairs[block] = rows * keys;
    for (let c = 0; c < columns; c++) {
      const entry = block * columns + c;
      column[entry] = c;
      const width = c === columns - 1 && shortKeys > 0 ? shortKeys : tile.keys;
      if (rows < tile.queries || width < tile.keys) maskId[entry] = corner(rows, width);
    }
  }
  const stored = new Uint32Array(masks.length * wordsPerMask({ tile }));
  masks.forEach((words, index) => {
    stored.set(words, index * words.length);
  });
  return { tile, queries, keys, rowStart, column, maskId, masks: stored, pairs };
}
