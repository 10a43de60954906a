import type { Box, Coverage, Mask } from './mask.ts';

/**
 * Positions `start + w + stride * t` for 0 <= w < width and 0 <= t < count: what stands together when tokens are sorted
 * by their remainder. A stretch of the sequence is a lattice of count 1.
 */
export interface Lattice {
  readonly start: number;
  readonly width: number;
  readonly stride: number;
  readonly count: number;
}

/** Evenly spaced positions: `start + stride * t` for 0 <= t < count. */
export interface Run {
  readonly start: number;
  readonly stride: number;
  readonly count: number;
}

/** Sorting tokens so that, in each stretch of `chunk` positions, those of equal remainder by `stride` stand together. */
export interface Regrouping {
  /** A multiple of `stride`, or Infinity for the whole sequence. */
  readonly chunk: number;
  readonly stride: number;
  /** Only keys are sorted; queries stay as they are. */
  readonly keysOnly?: boolean;
}

/** What a mask may know about lattices; without it a lattice is judged by the stretch that it lies in. */
export interface LatticeMask extends Mask {
  /** Coverage of all pairs of the two. Must never claim `empty` or `full` wrongly. */
  classifyLattice(rows: Lattice, columns: Lattice): Coverage;
  /** Mask bits of a query and a run of at most 32 keys: bit t is set when the query may attend to the t-th key. */
  runWord(row: number, columns: Run): number;
  /**
   * A name for what the mask holds between two runs: runs of the same counts with the same name hold the same bits.
   * Undefined when they do not repeat.
   */
  runSignature(rows: Run, columns: Run): string | undefined;
  /** Orders of the tokens in which the mask becomes dense. */
  regroupings(): readonly Regrouping[];
}

export function isLatticeMask(mask: Mask): mask is LatticeMask {
  return 'classifyLattice' in mask;
}

/** `runWord` of any mask, one key at a time. */
export function runWordOf(mask: Mask, row: number, { start, stride, count }: Run): number {
  let word = 0;
  for (let t = 0; t < count; t++) word |= (mask.word(row, start + stride * t) & 1) << t;
  return word;
}

/** A run as a lattice: neighbours are one stretch. */
export function latticeOf({ start, stride, count }: Run): Lattice {
  return stride === 1 ? { start, width: count, stride, count: 1 } : { start, width: 1, stride, count };
}

/** The end of the stretch that a lattice lies in. */
export function latticeEnd({ start, width, stride, count }: Lattice): number {
  return start + width + stride * (count - 1);
}

/** The smallest box around two lattices, inside a sequence of `tokens`. */
export function boxAround(rows: Lattice, columns: Lattice, tokens: number): Box {
  return {
    row: rows.start,
    rowEnd: Math.min(tokens, latticeEnd(rows)),
    column: columns.start,
    columnEnd: Math.min(tokens, latticeEnd(columns)),
  };
}
