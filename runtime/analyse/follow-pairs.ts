import type { CompileOptions } from '../compile/mask-tree.ts';
import { unionTerms } from '../pattern/algebra.ts';
import type { Mask } from '../pattern/mask.ts';
import { OutOfSteps } from './relation.ts';
import { type RowReader, rowReader } from './row-reader.ts';
import { joinedRows, type SharedRows, sharedRows } from './shared-rows.ts';
import { blockReader, blockSide, unfolded } from './stack-blocks.ts';
import { Spread } from './stack-spread.ts';
import type { Stack, Stacked } from './stacking.ts';

/** Longest sequence for which every pair of positions has a bit. */
const MOST_TOKENS = 2 ** 17;

/** A stack that is followed bit by bit, and how long that takes. */
export interface Followed {
  /** Inputs that will have been read. */
  readonly predicted: number;
  finish(): Stacked;
}

/** Begins to follow every pair of positions, or of blocks where the masks consist of whole ones. Throws OutOfSteps and CompileError. */
export function followPairs(stack: Stack<Mask>, options: CompileOptions = {}): Followed {
  const { tokens, layers, token } = stack;
  const { checkpoint } = options;
  if (tokens > MOST_TOKENS) throw new OutOfSteps('this sequence is too long to follow every pair');
  const reads: RowReader[][] = stack.masks.map(mask => unionTerms(mask).map(term => rowReader(term, tokens, options)));
  const side = reads.reduce((all, own) => (all === 1 ? 1 : commonSide(all, blockSide(tokens, own, checkpoint))), 0);
  const count = tokens / side;
  const rowsOf = (read: RowReader): SharedRows =>
    sharedRows(count, side === 1 ? read : blockReader(read, side), checkpoint);
  const masks = reads.map(own => joinedRows(own.map(rowsOf)));
  const place = token === undefined ? {} : { token: Math.floor(token / side) };
  const spread = new Spread({ tokens: count, masks, layers, ...place }, checkpoint);
  return {
    predicted: spread.predicted,
    finish: () => (side === 1 ? spread.finish() : unfolded(spread.finish(), count, side)),
  };
}

/** The greatest common divisor. */
function commonSide(a: number, b: number): number {
  return b === 0 ? a : commonSide(b, a % b);
}
