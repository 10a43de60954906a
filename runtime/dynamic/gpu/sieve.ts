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
  /** Keys that the row may take, and how many of them are doubtful. */
  readonly places: number;
  readonly doubtful: number;
  /** The best score, and the weights above and below the doubtful scores in units of the weight of the best one. */
  readonly best: number;
  readonly above: number;
  readonly below: number;
}

/** The doubtful keys of a row. */
export interface Doubt {
  readonly row: number;
  readonly cut: Cut;
  /** Ascending. */
  readonly keys: Uint32Array;
  /** The float64 score of a key. */
  readonly scoreOf: (key: number) => number;
}

/** A rule as a device applies it with float32 scores, and how float64 settles what those leave open. */
export interface Sieve {
  readonly parameters: CutParameters;
  bounds(row: number): RowBounds;
  /** Is the list of a row worth having? */
  lists(cut: Cut): boolean;
  /** The doubtful keys that a row takes, ascending; undefined when the others would have to be looked at too. */
  settle(doubt: Doubt): Uint32Array | undefined;
}

/** The cut of a row, from the words that the kernel wrote. */
export function cutOf(words: Uint32Array, row: number): Cut {
  const at = row * CUT_WORDS;
  const word = (index: number): number => words[at + index] ?? 0;
  bits[0] = word(4);
  return {
    places: word(2),
    doubtful: word(3),
    best: floats[0] ?? 0,
    above: (word(6) * 2 ** 32 + word(5)) / WEIGHT_OF_BEST,
    below: (word(8) * 2 ** 32 + word(7)) / WEIGHT_OF_BEST,
  };
}

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** The keys at some places of a list. */
export function keysAt(keys: Uint32Array, places: Uint32Array): Uint32Array {
  return places.map(place => keys[place] ?? 0);
}
