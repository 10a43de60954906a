import type { BackendId } from '../attention/types.ts';
import { type ForwardOptions, type ForwardResult, type LayerMasks, type Machine, predictSequence } from './forward.ts';
import { LanguageModelError } from './language-model-error.ts';
import type { LanguageModel } from './weights.ts';

/** Positions from which later bytes are averaged apart: what a model knows when much of the sequence is behind it. */
export const LATER = [1024, 3072] as const;
/** End of the first stretch of positions; the next ones are twice as long each. */
const FIRST_STRETCH = 64;

/** The mean of bits over the positions `from` to `to`, without `to`. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly bitsPerByte: number;
}

/** How well a model predicts with some masks in place of its attention. */
export interface Evaluation {
  readonly bitsPerByte: number;
  /** From each position of LATER that there is on. */
  readonly later: readonly Stretch[];
  /** All positions in stretches of doubling length. */
  readonly stretches: readonly Stretch[];
  readonly sequences: number;
  readonly tokens: number;
  /** Pairs of all layers and heads, and their share of all n * n; the mean of the sequences. */
  readonly pairs: number;
  readonly density: number;
  /** Milliseconds of a sequence, the median of all: attention, choosing keys by content, everything else. */
  readonly attentionMs: number;
  readonly selectMs: number;
  readonly denseMs: number;
  readonly backend: BackendId;
  readonly attentionDevice: string;
  readonly notes: readonly string[];
}

/** Adds sequences up, one at a time. */
export class Losses {
  readonly #model: LanguageModel;
  readonly #tokens: number;
  /** [tokens]: bits at each position, of all sequences together. */
  readonly #sums: Float64Array;
  readonly #results: Omit<ForwardResult, 'bits'>[] = [];

  constructor(model: LanguageModel, tokens: number) {
    this.#model = model;
    this.#tokens = tokens;
    this.#sums = new Float64Array(tokens);
  }

  add({ bits, ...result }: ForwardResult): void {
    for (const [position, value] of bits.entries()) this.#sums[position] = (this.#sums[position] ?? 0) + value;
    this.#results.push(result);
  }

  /** Throws RangeError when nothing was added. */
  evaluation(): Evaluation {
    const last = this.#results.at(-1);
    if (last === undefined) throw new RangeError('no sequence was evaluated');
    const tokens = this.#tokens;
    const { layers, heads } = this.#model.configuration;
    const pairs = this.#results.reduce((sum, result) => sum + result.pairs, 0) / this.#results.length;
    const { backend, attentionDevice } = last;
    return {
      bitsPerByte: this.#mean(0, tokens),
      later: LATER.filter(from => from < tokens).map(from => this.#stretch(from, tokens)),
      stretches: stretchesOf(tokens).map(([from, to]) => this.#stretch(from, to)),
      sequences: this.#results.length,
      tokens,
      pairs,
      density: pairs / (layers * heads * tokens * tokens),
      attentionMs: median(this.#results.map(({ attentionMs }) => attentionMs)),
      selectMs: median(this.#results.map(({ selectMs }) => selectMs)),
      denseMs: median(this.#results.map(({ denseMs }) => denseMs)),
      backend,
      attentionDevice,
      notes: [...new Set(this.#results.flatMap(({ notes }) => notes))],
    };
  }

  #stretch(from: number, to: number): Stretch {
    return { from, to, bitsPerByte: this.#mean(from, to) };
  }

  #mean(from: number, to: number): number {
    let sum = 0;
    for (let position = from; position < to; position++) sum += this.#sums[position] ?? 0;
    return sum / (this.#results.length * (to - from));
  }
}

/** 0 to 64, 64 to 128, 128 to 256 and so on; a rest that is short belongs to the last one. */
function stretchesOf(tokens: number): [number, number][] {
  const stretches: [number, number][] = [];
  let from = 0;
  for (let to = FIRST_STRETCH; from < tokens; to *= 2) {
    const end = to + to / 2 > tokens ? tokens : to;
    stretches.push([from, end]);
    from = end;
  }
  return stretches;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/**
 * Cuts a text into sequences of `tokens` bytes to read, with the byte after each to predict.
 *
 * @param length bytes from the start of one sequence to that of the next: more than `tokens`
 * @throws LanguageModelError when there are fewer than `wanted`
 */
export function sequencesOf(text: Uint8Array, tokens: number, length: number, wanted: number): readonly Uint8Array[] {
  const there = Math.floor((text.length + Math.max(0, length - tokens - 1)) / length);
  if (wanted > there)
    throw new LanguageModelError(
      there === 0
        ? `The text has ${text.length} bytes; a sequence of ${tokens} takes ${tokens + 1}.`
        : `The text has ${there} sequence${there === 1 ? '' : 's'} of ${tokens} bytes, but ${wanted} are asked for.`,
    );
  return Array.from({ length: wanted }, (_, index) => text.subarray(index * length, index * length + tokens + 1));
}

/** One set of masks to compare. */
export interface Candidate {
  readonly name: string;
  readonly masks: LayerMasks;
}

/**
 * Evaluates every candidate on every sequence, candidates in turn, so that their times can be compared.
 *
 * @returns [candidates]
 * @throws as `predictSequence`
 */
export async function evaluate(
  model: LanguageModel,
  machine: Machine,
  sequences: readonly Uint8Array[],
  candidates: readonly Candidate[],
  { signal, onProgress }: Pick<ForwardOptions, 'signal' | 'onProgress'> = {},
): Promise<readonly Evaluation[]> {
  const tokens = (sequences[0]?.length ?? 1) - 1;
  const losses = candidates.map(() => new Losses(model, tokens));
  const all = sequences.length * candidates.length;
  let done = 0;
  for (const bytes of sequences) {
    for (const [index, { masks }] of candidates.entries()) {
      const before = done++;
      const result = await predictSequence(model, machine, bytes, masks, {
        signal,
        onProgress: share => onProgress?.((before + share) / all),
      });
      losses[index]?.add(result);
    }
  }
  return losses.map(each => each.evaluation());
}
