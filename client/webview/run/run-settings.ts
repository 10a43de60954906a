import { SAMPLE_KINDS, type SampleKind } from '../../../runtime/attention/structured-data.ts';
import type { Precision } from '../../../runtime/attention/types.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import type { RunData, RunRequest } from '../../run/run-request.ts';
import { count } from '../format.ts';
import { asWritten, type MaskChoice, modelShown } from '../mask-choice.ts';

/** What computes a run: WebGPU of the page or the CPU where there is no adapter, the CPU in any case, or the extension host's GPU. */
export type RunOn = 'gpu' | 'cpu' | 'host';

/** Made-up data, or a file of tensors. */
export type DataSource = SampleKind | 'tensors';
export const DATA_SOURCES: readonly DataSource[] = [...SAMPLE_KINDS, 'tensors'];

/** What the user chose for runs: JSON, kept while the page is away. Null follows what is shown. */
export interface RunSettings {
  readonly runOn: RunOn;
  readonly dtype: Precision;
  readonly tokens: number | null;
  /** Null: the head that is shown. */
  readonly heads: number | null;
  readonly kvHeads: number | null;
  readonly headDim: number | null;
  readonly data: DataSource;
  /** The file of tensors that was picked last. */
  readonly tensors: { readonly uri: string; readonly name: string } | null;
  /** Longest that a sweep may take. */
  readonly sweepSeconds: number;
}

export const DEFAULT_SETTINGS: RunSettings = {
  runOn: 'gpu',
  dtype: 'f32',
  tokens: null,
  heads: null,
  kvHeads: null,
  headDim: null,
  data: 'random',
  tensors: null,
  sweepSeconds: 30,
};

export const MOST_TOKENS = 2 ** 22;
export const MOST_HEADS = 128;
/** Head width where the model does not say. */
const DEFAULT_HEAD_DIM = 64;
/** Full attention that would take longer is predicted. */
const LONGEST_FULL_MS = 60_000;

/** Heads of a run: which of the model's each one is, and how many keys and values they read. */
export interface RunHeads {
  readonly heads: readonly number[];
  readonly kvHeads: number;
}

/** The heads that were asked for. Throws RangeError with what is wrong with them. */
export function headsOfRun(
  model: Model,
  shown: number,
  { heads, kvHeads }: Pick<RunSettings, 'heads' | 'kvHeads'>,
): RunHeads {
  if (heads === null) return { heads: [shown], kvHeads: 1 };
  if (model.kind === 'model' && heads > model.heads)
    throw new RangeError(`${model.name} has ${count(model.heads)} heads: ask for that many or fewer.`);
  const group = model.heads / model.kvHeads;
  const own = heads % group === 0 ? heads / group : heads;
  if (kvHeads !== null && heads % kvHeads !== 0)
    throw new RangeError(`${count(kvHeads)} key/value heads do not divide ${count(heads)} heads.`);
  return {
    heads: Array.from({ length: heads }, (_, head) => (heads <= model.heads ? head : shown)),
    kvHeads: kvHeads ?? own,
  };
}

/** Width of the heads of a run. */
export function widthOfRun(model: Model, headDim: number | null): number {
  return headDim ?? model.headDim ?? DEFAULT_HEAD_DIM;
}

/**
 * The run of what is shown, with what was chosen for it. Throws when heads make no sense and PatternError when the mask has
 * no meaning at this length.
 *
 * @param model of the choice, as it is at `tokens`
 */
export function requestOf(
  choice: MaskChoice,
  model: Model,
  tokens: number,
  data: RunData,
  settings: RunSettings,
  longestFullMs = LONGEST_FULL_MS,
): RunRequest {
  return {
    model: modelShown({ ...asWritten(choice), model, tokens }),
    layer: choice.layer,
    tokens,
    ...headsOfRun(model, choice.head, settings),
    headDim: widthOfRun(model, settings.headDim),
    data,
    backend: settings.runOn === 'cpu' ? 'cpu' : 'gpu',
    dtype: settings.dtype,
    longestFullMs,
  };
}

/** What is wrong with the numbers that were chosen, or null. */
export function problemOf(model: Model, settings: RunSettings): string | null {
  if (settings.data === 'tensors') return null;
  try {
    headsOfRun(model, 0, settings);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
