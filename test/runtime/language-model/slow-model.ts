import fc from 'fast-check';
import type { Configuration } from '../../../runtime/language-model/configuration.ts';
import { tensorShapes } from '../../../runtime/language-model/weights.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';

type Matrix = number[][];

/** Weights as the checkpoint names them, nested as their shapes say. */
export type NestedWeights = ReadonlyMap<string, Matrix>;

/**
 * A model and a text by the definition, one position at a time in float64, apart from the code under test: attention is a
 * loop over pairs, and `allowed` says which there are.
 *
 * @returns bits of each predicted byte
 */
export function slowBits(
  configuration: Configuration,
  weights: NestedWeights,
  bytes: Uint8Array,
  allowed: (layer: number, head: number, query: number, key: number) => boolean,
): number[] {
  const { layers, heads, headDim, rmsEps, ropeBase } = configuration;
  const matrix = (name: string): Matrix => weights.get(`${name}.weight`)!;
  const vector = (name: string): number[] => matrix(name)[0]!;
  const n = bytes.length - 1;
  const dot = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const apply = (w: Matrix, x: number[]): number[] => w.map(row => dot(row, x));
  const add = (a: number[], b: number[]): number[] => a.map((value, i) => value + b[i]!);
  const norm = (x: number[], weight: number[]): number[] => {
    const size = Math.sqrt(x.reduce((sum, value) => sum + value ** 2, 0) / x.length + rmsEps);
    return x.map((value, i) => (value / size) * weight[i]!);
  };
  const turn = (x: number[], position: number): number[] =>
    x.map((value, d) => {
      const half = headDim / 2;
      const angle = position / ropeBase ** ((2 * (d % half)) / headDim);
      const other = d < half ? -x[d + half]! : x[d - half]!;
      return value * Math.cos(angle) + other * Math.sin(angle);
    });
  const gelu = (x: number): number => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

  let stream = [...bytes.subarray(0, n)].map(byte => matrix('embed')[byte]!);
  for (let layer = 0; layer < layers; layer++) {
    const name = `blocks.${layer}`;
    const all = stream.map(x => apply(matrix(`${name}.qkv`), norm(x, vector(`${name}.norm1`))));
    const part = (which: number, head: number, position: number): number[] =>
      all[position]!.slice((which * heads + head) * headDim, (which * heads + head + 1) * headDim);
    stream = stream.map((x, query) => {
      const heard: number[] = [];
      for (let head = 0; head < heads; head++) {
        const q = turn(part(0, head, query), query);
        const keys = [...all.keys()].filter(key => allowed(layer, head, query, key));
        const scores = keys.map(key => dot(q, turn(part(1, head, key), key)) / Math.sqrt(headDim));
        const most = Math.max(...scores);
        const powers = scores.map(score => Math.exp(score - most));
        const total = powers.reduce((sum, value) => sum + value, 0);
        for (let d = 0; d < headDim; d++)
          heard.push(keys.reduce((sum, key, i) => sum + (powers[i]! / total) * part(2, head, key)[d]!, 0));
      }
      const y = add(x, apply(matrix(`${name}.out`), heard));
      const wide = apply(matrix(`${name}.up`), norm(y, vector(`${name}.norm2`))).map(gelu);
      return add(y, apply(matrix(`${name}.down`), wide));
    });
  }
  return stream.map((x, position) => {
    const logits = apply(matrix('embed'), norm(x, vector('norm')));
    const most = Math.max(...logits);
    const total = logits.reduce((sum, value) => sum + Math.exp(value - most), 0);
    return (Math.log(total) - (logits[bytes[position + 1]!]! - most)) / Math.LN2;
  });
}

/** Sizes that are multiples of nothing. */
export const someConfiguration: fc.Arbitrary<Configuration> = fc.record({
  layers: fc.integer({ min: 1, max: 3 }),
  dim: fc.integer({ min: 1, max: 40 }),
  heads: fc.integer({ min: 1, max: 3 }),
  headDim: fc.integer({ min: 1, max: 10 }).map(half => 2 * half),
  ff: fc.integer({ min: 1, max: 50 }),
  context: fc.constant(64),
  vocab: fc.integer({ min: 256, max: 259 }),
  rmsEps: fc.constantFrom(1e-5, 1e-2),
  ropeBase: fc.constantFrom(10000, 50),
});

/** Made-up weights of about the size of trained ones, the same for a seed; exact in float32. */
export function madeUpWeights(configuration: Configuration, seed: number): NestedWeights {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const weights = new Map<string, Matrix>();
  for (const [name, shape] of tensorShapes(configuration)) {
    const [rows, columns] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!];
    const scale = name.includes('norm') ? 1 : 4 / Math.sqrt(columns);
    const offset = name.includes('norm') ? 1 : 0;
    weights.set(
      name,
      Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(offset + scale * next()))),
    );
  }
  return weights;
}

/** The bytes of a checkpoint with these weights. */
export function checkpointOf(
  configuration: Configuration,
  weights: NestedWeights,
  dtype: 'f32' | 'f16' = 'f32',
): Uint8Array {
  const shapes = tensorShapes(configuration);
  return writeSafetensors(
    Object.fromEntries(
      [...weights].map(([name, rows]) => [name, fromFloat32(Float32Array.from(rows.flat()), shapes.get(name)!, dtype)]),
    ),
  );
}

/** The files of a model's folder, by name: made-up weights, and `sequences` made-up sequences. */
export function modelFiles(configuration: Configuration, sequences: number): Readonly<Record<string, Uint8Array>> {
  const { layers, dim, heads, headDim, ff, context, vocab, rmsEps, ropeBase } = configuration;
  const written = { layers, dim, heads, head_dim: headDim, ff, context, vocab, rms_eps: rmsEps, rope_base: ropeBase };
  return {
    'config.json': new TextEncoder().encode(JSON.stringify(written)),
    'model.safetensors': checkpointOf(configuration, madeUpWeights(configuration, 1)),
    'heldout.txt': Uint8Array.from({ length: sequences * (context + 1) }, (_, i) => 97 + ((i * i) % 23)),
  };
}

/** Sizes for tests of what stands around a model. */
export const smallConfiguration: Configuration = {
  ...{ layers: 2, dim: 24, heads: 2, headDim: 8, ff: 40, context: 64, vocab: 256, rmsEps: 1e-5, ropeBase: 10000 },
};
