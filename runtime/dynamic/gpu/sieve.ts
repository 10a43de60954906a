import { CUT_WORDS, WEIGHT_OF_BEST } from './wgsl/shared.ts';

/** Which kernel cuts rows, and what it is told beside the rows. */
export interface CutParameters {
  readonly kernel: 'largest' | 'mass';
  /** Keys that a row takes. */
  readonly keys: number;
  /** Makes exponents of scores. */
  readonly scale: number;
}

/** What a kernel is told about a row. */
export interface RowBounds {
  /** Scores that differ by less may stand in the other order: twice their error, and a little more. */
  readonly slack: number;
  /** Shares between which float32 cannot tell whether they reach the one that is asked for, in 2**-32. */
  readonly shares: readonly [least: number, largest: number];
}

/** What a device found out about a row; see CUTS. */
export interface Cut {
  readonly places: number;
  readonly marked: number;
  /** The best score, and the weights above and below the marked scores in units of the weight of the best one. */
  readonly best: number;
  readonly above: number;
  readonly below: number;
}

/** The places that a row may take, ascending, the doubtful ones marked, and what a settlement asks about them. */
export interface Sifted {
  readonly row: number;
  readonly cut: Cut;
  readonly places: Uint32Array;
  /** The key at a place. */
  readonly keyAt: (place: number) => number;
  /** The float64 score of a key. */
  readonly scoreOf: (key: number) => number;
}

/** A rule as a device applies it with float32 scores, and how float64 settles what those leave open. */
export interface Sieve {
  readonly parameters: CutParameters;
  bounds(row: number): RowBounds;
  /** Is the list of a row worth having? */
  lists(cut: Cut): boolean;
  /** The keys of a row, ascending; undefined when more than the marked ones would have to be looked at. */
  settle(sifted: Sifted): Uint32Array | undefined;
}

/** Marks a place whose score is too near to the last one that is taken for float32 to tell. */
export const MARK = 0x80000000;

/** The cut of a row, from the words that the kernel wrote. */
export function cutOf(words: Uint32Array, row: number): Cut {
  const at = row * CUT_WORDS;
  const word = (index: number): number => words[at + index] ?? 0;
  bits[0] = word(4);
  return {
    places: word(2),
    marked: word(3),
    best: floats[0] ?? 0,
    above: (word(6) * 2 ** 32 + word(5)) / WEIGHT_OF_BEST,
    below: (word(8) * 2 ** 32 + word(7)) / WEIGHT_OF_BEST,
  };
}

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** The keys of a row in order: those that are certain, and of the marked ones those whose numbers, 0, 1, ..., are taken. */
export function settled({ places, keyAt }: Sifted, taken: Uint32Array, count: number): Uint32Array {
  const keys = new Uint32Array(count);
  let next = 0;
  let doubt = 0;
  let of = 0;
  for (const place of places) {
    if (place >= MARK && taken[of] !== doubt++) continue;
    if (place >= MARK) of++;
    keys[next++] = keyAt(place & ~MARK);
  }
  return keys;
}

/** The keys of a row that are marked, ascending. */
export function markedKeys({ places, keyAt, cut }: Sifted): Uint32Array {
  const keys = new Uint32Array(cut.marked);
  let next = 0;
  for (const place of places) if (place >= MARK) keys[next++] = keyAt(place & ~MARK);
  return keys;
}
