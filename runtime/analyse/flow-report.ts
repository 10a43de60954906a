import type { CompileOptions } from '../compile/mask-tree.ts';
import type { Pair } from './find-pair.ts';
import type { Isolated } from './isolated.ts';
import type { Field } from './stacking.ts';

/** Steps that a way from any key to any query takes: exact where `least` is `most`. */
export interface Hops {
  readonly least: number;
  /** Infinity where no bound is known. */
  readonly most: number;
  readonly exact: boolean;
}

/**
 * How information flows through a stack of layers: a query hears of a key directly when it attends to it, and in more
 * steps when it attends to a position that heard of the key in a layer below. Each position keeps what it has.
 */
export interface FlowReport {
  /** All positions. */
  readonly tokens: number;
  /**
   * Those of them, the last, that are queries of one pass. Everything else here is about all positions: where a cache
   * holds the keys of the earlier ones, they were queries in the passes before.
   */
  readonly queries: number;
  /** Layers of the model, null for a bare pattern. */
  readonly layers: number | null;
  /** Keys that every query hears of through enough layers: all, all earlier ones, all later ones, or not even those. */
  readonly reaches: 'all' | 'past' | 'future' | 'part' | null;
  /** Share of the pairs that are connected, of all pairs or, where nobody looks ahead (back), of the earlier (later) keys. */
  readonly share: number | null;
  /** A query and a key that no number of layers connects, where some should be. */
  readonly missing: Pair | null;
  /** Most steps of a shortest way between two connected positions, whichever layers the steps belong to (the diameter). */
  readonly hops: Hops;
  /** Is everything connected after this model's layers, each with its own pattern? After how many? Null: not known. */
  readonly full: { readonly after: number | null } | null;
  /** Share of the connected pairs that is connected after 1, 2, ... layers; up to the last layer, or until it is 1. */
  readonly byLayer: readonly number[];
  /** Keys that the token that was asked for has heard of after as many layers. */
  readonly fields: readonly Field[];
  /** Positions that attend to nobody but themselves and to which nobody else attends. */
  readonly isolated: Isolated;
}

export interface FlowOptions extends CompileOptions {
  /** A position whose receptive field is wanted. */
  readonly token?: number;
  /** One layer and head alone, repeated; all of the model otherwise. */
  readonly only?: { readonly layer: number; readonly head: number };
  /** Less than 1 for an answer sooner, and more often only bounds. */
  readonly effort?: number;
}
