import { throwIfAborted } from '../attention/abort.ts';
import type { Attention } from '../attention/attention.ts';
import { pairsOfHeads } from '../attention/compare-with-full.ts';
import type { AttendOptions, AttentionInput, BackendId } from '../attention/types.ts';
import type { Selection, SelectionInput } from '../dynamic/select-heads.ts';
import type { Dense, Projection } from './dense.ts';
import { LanguageModelError } from './language-model-error.ts';
import type { LanguageModel } from './weights.ts';

/** The masks of all heads of a layer, which may depend on its queries and keys. */
export type LayerMasks = (layer: number, content: SelectionInput) => Selection | Promise<Selection>;

/** What computes a model: all but attention, and attention. */
export interface Machine {
  readonly dense: Dense;
  readonly attention: Attention;
  readonly backend: NonNullable<AttendOptions['backend']>;
  /** Numbers that attention is computed with on the graphics device; default float32. */
  readonly precision?: AttendOptions['precision'];
}

export interface ForwardOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the share of layers done, 0 to 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
  /** Called with the queries, keys and values of each layer, as attention gets them. */
  readonly onProjection?: ((layer: number, projection: Projection) => void) | undefined;
}

/** One sequence through a model. */
export interface ForwardResult {
  /** [n] `-log2 p` of each byte that was to be predicted. */
  readonly bits: Float32Array;
  /** Pairs of all layers and heads. */
  readonly pairs: number;
  /** Milliseconds of attention in all layers, as its backend tells it; of choosing keys by content; of everything else. */
  readonly attentionMs: number;
  readonly selectMs: number;
  readonly denseMs: number;
  /** The backend of attention in the last layer, and what runs did not go as asked. */
  readonly backend: BackendId;
  readonly attentionDevice: string;
  readonly notes: readonly string[];
}

/**
 * Predicts every byte of a sequence from those before it.
 *
 * @param bytes [n + 1]: the first n are read, the last n predicted
 * @param masks for attention over n positions
 * @throws LanguageModelError when there is nothing to predict, or masks are of another length
 * @throws DOMException named AbortError when the signal fires; and what masks and attention throw
 */
export async function predictSequence(
  model: LanguageModel,
  { dense, attention, backend, precision }: Machine,
  bytes: Uint8Array,
  masks: LayerMasks,
  { signal, onProgress, onProjection }: ForwardOptions = {},
): Promise<ForwardResult> {
  const { layers, dim, heads, headDim } = model.configuration;
  const n = bytes.length - 1;
  if (n < 1) throw new LanguageModelError('A sequence needs two bytes at least: one to read and one to predict.');
  const notes = new Set<string>();
  let pairs = 0;
  let attentionMs = 0;
  let selectMs = 0;
  let denseMs = 0;
  let used: { readonly backend: BackendId; readonly device: string } = { backend: 'reference', device: '' };
  const timed = async <T>(work: Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work;
    denseMs += performance.now() - started;
    return result;
  };

  let x: Float32Array = new Float32Array(n * dim);
  for (let row = 0; row < n; row++) {
    const byte = bytes[row] ?? 0;
    x.set(model.embed.subarray(byte * dim, (byte + 1) * dim), row * dim);
  }
  for (let layer = 0; layer < layers; layer++) {
    throwIfAborted(signal);
    const projection = await timed(dense.project(layer, x, signal));
    onProjection?.(layer, projection);
    const shape = { heads, kvHeads: heads, queries: n, keys: n, headDim };
    const input: AttentionInput = { ...projection, ...shape };
    const chosen = await masks(layer, { q: projection.q, k: projection.k, ...shape });
    for (const { plans } of chosen.parts)
      for (const { queries, keys } of plans)
        if (queries !== n || keys !== n)
          throw new LanguageModelError(
            `The mask has ${queries} queries and ${keys} keys, but the sequence ${n} positions.`,
          );
    selectMs += chosen.selectMs ?? 0;
    for (const note of chosen.notes) notes.add(note);
    pairs += pairsOfHeads(chosen.parts);
    const attended = await attention.attend(input, chosen.parts, {
      backend,
      ...(precision && { precision }),
      ...(signal === undefined ? {} : { signal }),
    });
    attentionMs += attended.timing.kernelMs;
    used = attended;
    for (const note of attended.notes) notes.add(note);
    x = await timed(dense.finish(layer, x, attended.o, signal));
    onProgress?.((layer + 1) / (layers + 1));
  }
  const bits = await timed(dense.predict(x, bytes.subarray(1), signal));
  onProgress?.(1);
  const { backend: last, device: attentionDevice } = used;
  return {
    bits,
    pairs,
    attentionMs,
    selectMs,
    denseMs,
    backend: last,
    attentionDevice,
    notes: [...notes, ...dense.notes()],
  };
}
