import { placesOfLargest } from '../ranking.ts';

/** Marks a place whose score is too near to the last one that is taken for float32 to tell. */
export const MARK = 0x80000000;

/**
 * The keys of a row: those that are certain, and of the marked ones those with the largest scores in float64, ties to the
 * smaller key.
 *
 * @param places ascending, as the device lists them; `keyAt` says which key stands there
 * @param wanted how many keys the row takes at the most
 * @returns ascending
 */
export function settle(
  places: Uint32Array,
  marked: number,
  wanted: number,
  keyAt: (place: number) => number,
  scoreOf: (key: number) => number,
): Uint32Array {
  const missing = wanted - (places.length - marked);
  if (missing >= marked) return places.map(place => keyAt(place & ~MARK));
  const doubtful = places.filter(place => place >= MARK).map(place => keyAt(place & ~MARK));
  const scores = Float64Array.from(doubtful, scoreOf);
  const taken = new Set(placesOfLargest(scores, missing, new Float64Array(scores.length)));
  const keys = new Uint32Array(wanted);
  let next = 0;
  let doubt = 0;
  for (const place of places) if (place < MARK || taken.has(doubt++)) keys[next++] = keyAt(place & ~MARK);
  return keys;
}
