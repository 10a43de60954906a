import { breathe, throwIfAborted } from '../attention/abort.ts';
import type { Dense } from './dense.ts';
import { bitsOf } from './loss.ts';
import { joinHeads, placeHeads, Rotary } from './rotary.ts';
import type { LanguageModel } from './weights.ts';

/** How long it computes before it lets others have their turn. */
const SLICE_MS = 25;

/** In plain JavaScript with sums in float64: slow, and in the way of the definition. */
export function createReferenceDense(model: LanguageModel): Dense {
  const { configuration } = model;
  const { dim, ff, heads, headDim, vocab, rmsEps } = configuration;
  const inner = heads * headDim;
  const rotary = new Rotary(configuration);

  return {
    id: 'reference',
    device: 'float64, plain JavaScript',
    async project(layer, x, signal) {
      const { norm1, qkv } = layerOf(model, layer);
      const n = x.length / dim;
      const [q, k, v] = [0, 1, 2].map(() => new Float32Array(n * inner)) as [Float32Array, Float32Array, Float32Array];
      const turns = rotary.turns(n);
      const normal = new Float64Array(dim);
      const all = new Float64Array(3 * inner);
      await eachRow(n, signal, row => {
        normalise(x.subarray(row * dim, (row + 1) * dim), norm1, rmsEps, normal);
        multiply(qkv, normal, all);
        placeHeads(all, row, n, configuration, turns, { q, k, v });
      });
      return { q, k, v };
    },
    async finish(layer, x, attended, signal) {
      const { out, norm2, up, down } = layerOf(model, layer);
      const n = x.length / dim;
      const result = new Float32Array(x.length);
      const joined = new Float64Array(inner);
      const y = new Float64Array(dim);
      const normal = new Float64Array(dim);
      const wide = new Float64Array(ff);
      const added = new Float64Array(dim);
      await eachRow(n, signal, row => {
        joinHeads(attended, row, n, configuration, joined);
        multiply(out, joined, added);
        for (let d = 0; d < dim; d++) y[d] = (x[row * dim + d] ?? 0) + (added[d] ?? 0);
        normalise(y, norm2, rmsEps, normal);
        multiply(up, normal, wide);
        for (let d = 0; d < ff; d++) wide[d] = gelu(wide[d] ?? 0);
        multiply(down, wide, added);
        for (let d = 0; d < dim; d++) result[row * dim + d] = (y[d] ?? 0) + (added[d] ?? 0);
      });
      return result;
    },
    async predict(x, targets, signal) {
      const { norm, embed } = model;
      const n = x.length / dim;
      const bits = new Float32Array(n);
      const normal = new Float64Array(dim);
      const logits = new Float64Array(vocab);
      await eachRow(n, signal, row => {
        normalise(x.subarray(row * dim, (row + 1) * dim), norm, rmsEps, normal);
        multiply(embed, normal, logits);
        bits[row] = bitsOf(logits, targets[row] ?? 0);
      });
      return bits;
    },
    notes: () => [],
    dispose() {},
  };
}

function layerOf({ layers }: LanguageModel, layer: number) {
  const weights = layers[layer];
  if (weights === undefined) throw new RangeError(`there is no layer ${layer}`);
  return weights;
}

async function eachRow(rows: number, signal: AbortSignal | undefined, compute: (row: number) => void): Promise<void> {
  throwIfAborted(signal);
  let since = performance.now();
  for (let row = 0; row < rows; row++) {
    compute(row);
    if (performance.now() - since < SLICE_MS) continue;
    await breathe();
    throwIfAborted(signal);
    since = performance.now();
  }
}

/** to = x / sqrt(mean(x^2) + eps) * weight */
function normalise(x: Float32Array | Float64Array, weight: Float32Array, eps: number, to: Float64Array): void {
  let sum = 0;
  for (const value of x) sum += value * value;
  const factor = 1 / Math.sqrt(sum / x.length + eps);
  for (let d = 0; d < x.length; d++) to[d] = (x[d] ?? 0) * factor * (weight[d] ?? 0);
}

/** to [out] = w [out][in] x [in] */
function multiply(w: Float32Array, x: Float64Array, to: Float64Array): void {
  const width = x.length;
  for (let row = 0; row < to.length; row++) {
    const at = row * width;
    let sum = 0;
    for (let i = 0; i < width; i++) sum += (w[at + i] ?? 0) * (x[i] ?? 0);
    to[row] = sum;
  }
}

function gelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}
