import type { Pair } from './find-pair.ts';

/** Distinct masks of a stack of layers, and which of them each layer has. */
export interface Stack<M> {
  readonly tokens: number;
  readonly masks: readonly M[];
  /** By layer, the lowest first. Looked at up to the layer at which nothing more can be reached. */
  readonly layers: readonly number[];
  /** A position whose receptive field is wanted. */
  readonly token?: number;
}

/** The keys that a position has heard of after some layers. */
export interface Field {
  readonly keys: number;
  /** First and last of them. */
  readonly first: number;
  readonly last: number;
}

/** What layers of attention connect, each position also keeping what it has. All numbers are exact. */
export interface Stacked {
  /** Pairs (query, key) with a way from key to query through any number of layers in any order; a position has one to itself. */
  readonly connected: number;
  /** Of those, pairs whose key is not later; not earlier. */
  readonly past: number;
  readonly future: number;
  /** Most steps of a shortest way between two connected positions. */
  readonly hops: number;
  /** Pairs connected after 1, 2, ... layers in their own order; as many as there are layers, or as are needed to connect all. */
  readonly byLayer: readonly number[];
  /** The receptive field of the token after as many layers. */
  readonly fields: readonly Field[];
  /** A pair that no number of layers connects, with an earlier key and with a later one. */
  readonly missing: { readonly past: Pair | undefined; readonly future: Pair | undefined };
}
