import type { Budget, Done } from './budget.ts';

/** Some work items of a schedule, and some of their tiles. */
export interface Dispatch extends Done {
  /** Items [first, end). */
  readonly first: number;
  readonly end: number;
  /** At most `most` tiles of each, from its tile `from` on. All of these items have more than `from` tiles. */
  readonly from: number;
  readonly most: number;
  /** Tiles of all of them. */
  readonly tiles: number;
}

/** Items [first, end), of all of which the tiles before `from` are done. */
interface Stretch {
  readonly first: number;
  readonly end: number;
  readonly from: number;
}

/**
 * Cuts a schedule into dispatches that keep to a budget, which may change from one to the next. An item with more tiles than
 * one of them may take is continued by a later one, when all items have come as far: few at a time would not occupy a device.
 *
 * @param tiles tiles of each item, the largest numbers first
 * @param tileKeys keys of a tile
 */
export function* dispatchesOf(tiles: Uint32Array, tileKeys: number, budget: Readonly<Budget>): Generator<Dispatch> {
  // One behind the other: as items with many tiles come first, what is done drops off at the end.
  let stretches: Stretch[] = tiles.length === 0 ? [] : [{ first: 0, end: tiles.length, from: 0 }];
  while (stretches.length > 0) {
    const from = Math.min(...stretches.map(stretch => stretch.from));
    const index = stretches.findIndex(stretch => stretch.from === from);
    const { first, end: limit } = stretches[index] as Stretch;
    // No further than others are, if some are ahead.
    const ahead = stretches.reduce((least, each) => (each.from > from ? Math.min(least, each.from) : least), 2 ** 32);
    const inAll = Math.max(1, Math.floor(budget.keys / tileKeys));
    const most = Math.min(ahead - from, inAll, Math.max(1, Math.floor(budget.depth / tileKeys)));
    let sum = 0;
    let end = first;
    // How many are not finished: they come first, because they have the most tiles.
    let unfinished = first;
    for (; end < limit; end++) {
      const left = Number(tiles[end]) - from;
      const now = Math.min(left, most);
      if (sum + now > inAll) break;
      sum += now;
      if (left > most) unfinished = end + 1;
    }
    const depth = Math.min(Number(tiles[first]) - from, most) * tileKeys;
    yield { first, end, from, most, tiles: sum, keys: sum * tileKeys, depth, items: end - first, full: end < limit };
    const left = [
      { first, end: unfinished, from: from + most },
      { first: end, end: limit, from },
    ];
    stretches = joined(stretches.toSpliced(index, 1, ...left.filter(each => each.end > each.first)));
  }
}

/** Neighbours that have come equally far are one. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const stretch of stretches) {
    const last = result.at(-1);
    if (last?.from === stretch.from && last.end === stretch.first)
      result[result.length - 1] = { ...last, end: stretch.end };
    else result.push(stretch);
  }
  return result;
}

/** Bytes that a dispatch copies or puts together: far less than 100 ms at the speed of any device's memory. */
const COPIED_BYTES = 64 * 2 ** 20;

/**
 * Cuts the copying of equal heads into dispatches: several heads, or a stretch of the workgroups of one.
 *
 * @param bytes of one head
 */
export function* copiesOf(
  heads: number,
  workgroups: number,
  bytes: number,
): Generator<{ readonly head: number; readonly endHead: number; readonly begin: number; readonly end: number }> {
  const headsAtOnce = Math.max(1, Math.floor(COPIED_BYTES / bytes));
  const atOnce = Math.max(1, Math.floor(workgroups * Math.min(1, COPIED_BYTES / bytes)));
  for (let head = 0; head < heads; head += headsAtOnce) {
    const endHead = Math.min(heads, head + headsAtOnce);
    for (let begin = 0; begin < workgroups; begin += atOnce)
      yield { head, endHead, begin, end: Math.min(workgroups, begin + atOnce) };
  }
}

/**
 * Cuts merges, whose numbers of segments are given, into dispatches.
 *
 * @param bytes of one segment
 */
export function* mergesOf(
  segments: Uint32Array,
  bytes: number,
): Generator<{ readonly first: number; readonly end: number }> {
  for (let first = 0; first < segments.length; ) {
    let end = first;
    for (let sum = 0; end < segments.length; end++) {
      sum += bytes * Number(segments[end]);
      if (sum > COPIED_BYTES && end > first) break;
    }
    yield { first, end };
    first = end;
  }
}
