import type { LanguageModel } from '../weights.ts';

/** One step of a model that works on each position by itself, with its weights; matrices in panels (see `panelsOf`). */
export type Stage =
  | { readonly step: 'project'; readonly norm: Float32Array; readonly qkv: Float32Array }
  | {
      readonly step: 'finish';
      readonly out: Float32Array;
      readonly norm: Float32Array;
      readonly up: Float32Array;
      readonly down: Float32Array;
    }
  | { readonly step: 'predict'; readonly norm: Float32Array; readonly embed: Float32Array };

/** Some rows of a stage; `rows` of them. */
export type RowTask =
  /** `first` is the position of the first row. */
  | { readonly step: 'project'; readonly first: number; readonly rows: number; readonly x: Float32Array }
  /** attended: [heads][rows][headDim] */
  | { readonly step: 'finish'; readonly rows: number; readonly x: Float32Array; readonly attended: Float32Array }
  | { readonly step: 'predict'; readonly rows: number; readonly x: Float32Array; readonly targets: Uint8Array };

/** q, k and v [heads][rows][headDim]; or x [rows][dim]; or bits [rows]. */
export type RowResult = readonly Float32Array<ArrayBuffer>[];

/** The next multiple of the sixteen columns of a panel. */
export function padded(width: number): number {
  return Math.ceil(width / 16) * 16;
}

/** Weights of all stages of a model, as the kernel reads them. */
export interface Stages {
  readonly project: readonly Stage[];
  readonly finish: readonly Stage[];
  readonly predict: Stage;
}

/** @param shared in memory that workers can read in place */
export function stagesOf({ configuration, layers, norm, embed }: LanguageModel, shared: boolean): Stages {
  const { dim, ff, heads, headDim, vocab } = configuration;
  const inner = heads * headDim;
  const panels = (w: Float32Array, outer: number, width: number, rows = width): Float32Array =>
    panelsOf(w, outer, width, rows, shared);
  return {
    project: layers.map(({ norm1, qkv }) => ({ step: 'project', norm: norm1, qkv: panels(qkv, 3 * inner, dim) })),
    finish: layers.map(({ out, norm2, up, down }) => ({
      step: 'finish',
      out: panels(out, dim, inner),
      norm: norm2,
      up: panels(up, ff, dim),
      down: panels(down, dim, ff, padded(ff)),
    })),
    predict: { step: 'predict', norm, embed: panels(embed, vocab, dim) },
  };
}

/**
 * A matrix [outer][inner] in panels of sixteen outputs, [padded(outer) / 16][rows][16], with zeros where it has no numbers.
 *
 * @param rows at least `inner`
 */
function panelsOf(w: Float32Array, outer: number, inner: number, rows: number, shared: boolean): Float32Array {
  const length = padded(outer) * rows;
  const to = new Float32Array(shared ? new SharedArrayBuffer(4 * length) : new ArrayBuffer(4 * length));
  for (let o = 0; o < outer; o++) {
    const at = (o >> 4) * rows * 16 + (o & 15);
    for (let i = 0; i < inner; i++) to[at + 16 * i] = w[o * inner + i] ?? 0;
  }
  return to;
}
