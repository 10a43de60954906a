import type { Mask } from '../pattern/mask.ts';
import type { BoundArguments } from '../pattern/primitive.ts';
import type { Shape } from '../pattern/shape.ts';
import type { RowProgress, RowSelector } from './rows/row-rule.ts';

/** Queries and keys of one head, row-major float32, all of them finite. */
export interface Content {
  /** [queries][headDim]; row r sits at position `shape.offset + r`. */
  readonly q: Float32Array;
  /** [tokens][headDim] */
  readonly k: Float32Array;
  readonly headDim: number;
  /** Multiplies q . k where probabilities are meant. */
  readonly scale: number;
}

/** What a method chooses from, and with what. */
export interface Choice extends RowProgress {
  readonly args: BoundArguments;
  /** The pairs of `within`. */
  readonly candidates: Mask;
  readonly shape: Shape;
  readonly content: Content;
  /** Chooses keys by score, row by row. */
  readonly rows: RowSelector;
  /** Asked now and then; throwing stops the selection. */
  readonly checkpoint?: (() => void) | undefined;
}

/**
 * One way to choose keys by content: the mask of the chosen pairs, which lie among the candidates, at the rows of the
 * shape's queries. All arithmetic is float64 in a fixed order, so that a choice is the same on every machine.
 */
export type Method = (choice: Choice) => Mask | Promise<Mask>;
