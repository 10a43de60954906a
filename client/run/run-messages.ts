import type { WeightGrid, WeightsOfGrid } from '../../runtime/attention/weights.ts';
import type { GivenTensors, RunFound, RunRequest, RunStep, TensorShape } from './run-request.ts';

/** A run whose weights are asked for where it did not run, or is not known any more. */
export interface RememberedRun {
  readonly request: RunRequest;
  readonly lse: Float32Array;
}

/** What is asked of those who run attention, each with an answer of its own. */
export type RunQuestion =
  | { readonly kind: 'run'; readonly request: RunRequest; readonly memoryLimit: number }
  /** Lengths, heads and width of a file's tensors. */
  | ({ readonly kind: 'shape' } & GivenTensors)
  /** Weights of a head of the run that was asked for with this id. */
  | {
      readonly kind: 'weights';
      readonly run: number;
      readonly head: number;
      readonly grid: WeightGrid;
      readonly remembered: RememberedRun | null;
    };

export interface RunAnswers {
  readonly run: RunFound;
  readonly shape: TensorShape;
  /** Null: the run is not known; ask again with what is remembered of it. */
  readonly weights: WeightsOfGrid | null;
}

export type ToRuns =
  | { readonly kind: 'ask'; readonly id: number; readonly question: RunQuestion }
  | { readonly kind: 'cancel'; readonly id: number }
  /** Kernels that were the fastest on devices of this machine, by the key of each choice. Sent first. */
  | { readonly kind: 'kernels'; readonly known: Readonly<Record<string, string>> };

export type FromRuns =
  | { readonly kind: 'step'; readonly id: number; readonly step: RunStep }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: RunAnswers[keyof RunAnswers] }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string; readonly cancelled: boolean }
  /** To be kept, and sent the next time. */
  | { readonly kind: 'kernel'; readonly key: string; readonly kernel: string };
