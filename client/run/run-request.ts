import type { TensorChoice } from '../../runtime/attention/layer-input.ts';
import type { SampleKind } from '../../runtime/attention/structured-data.ts';
import type { BackendId, Precision } from '../../runtime/attention/types.ts';
import type { Model } from '../../runtime/pattern/ir.ts';

/** A file of tensors that the user picked. */
export interface GivenTensors {
  readonly name: string;
  /** Null until it is known who reads them. */
  readonly bytes: Uint8Array | null;
  /** What the user said of it that its names and shapes leave open. */
  readonly tensors?: TensorChoice | undefined;
}

/** Where queries, keys and values come from. */
export type RunData =
  | { readonly kind: SampleKind }
  | ({ readonly kind: 'tensors'; readonly uri: string } & GivenTensors);

/** A run of attention: plain data, for whoever computes it. */
export interface RunRequest {
  /** Without what is hidden. */
  readonly model: Model;
  readonly layer: number;
  /** Tensors of a file have their own lengths, heads and width; the fields from here to `headDim` are then not asked. */
  readonly tokens: number;
  /** Head of the model that each head of the run is. */
  readonly heads: readonly number[];
  /** Divides the number of heads. */
  readonly kvHeads: number;
  readonly headDim: number;
  readonly data: RunData;
  /** `gpu`: or whatever else works, where there is no GPU that gives right results. */
  readonly backend: 'gpu' | 'cpu';
  readonly dtype: Precision;
  /** Full attention that would take longer is predicted; milliseconds. */
  readonly longestFullMs: number;
}

/** What a run is doing; while keys are chosen, the numbers are about that alone. */
export interface RunStep {
  readonly stage: 'start' | 'compile' | 'data' | 'select' | 'sparse' | 'check' | 'full';
  /** Share of the expected time that has passed, 0 to 1. */
  readonly done: number;
  /** Milliseconds; null when it is too early to tell. */
  readonly leftMs: number | null;
}

/** What came out of a run. */
export interface Ran {
  readonly kind: 'ran';
  readonly tokens: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly backend: BackendId;
  readonly device: string;
  /** Pairs over all heads. */
  readonly pairs: number;
  /** Choosing keys by content; null for masks that ask for no content. Milliseconds, as the others. */
  readonly selectMs: number | null;
  readonly sparseMs: number;
  readonly fullMs: number | null;
  readonly predictedFullMs: number;
  readonly speedUp: number | null;
  readonly largestDifference: number;
  readonly checkedRows: number;
  readonly rows: number;
  readonly notes: readonly string[];
  readonly differences: RowDifferences;
  /** [heads][queries]; weights follow from it. Null where it is too large to be sent around. */
  readonly lse: Float32Array<ArrayBuffer> | null;
}

/** Differences by query row, over all heads. */
export interface RowDifferences {
  /** First rows of stretches of the sequence, and the largest difference from the reference among the rows that were checked there. */
  readonly reference: readonly (readonly [row: number, difference: number])[];
  /** The same for the difference of the output from that of full attention, over all rows; null when that did not run. */
  readonly full: readonly (readonly [row: number, difference: number])[] | null;
}

/** Tensors that do not fit into memory: nothing was tried. */
export interface TooLarge {
  readonly kind: 'tooLarge';
  readonly bytes: number;
  readonly limit: number;
  /** Null where pairs depend on the tensors. */
  readonly pairs: number | null;
}

export type RunFound = Ran | TooLarge;

/** Lengths, heads and width of tensors in a file. */
export interface TensorShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly headDim: number;
}
