import type { Configuration } from './configuration.ts';
import type { Dense } from './dense.ts';
import { createReferenceDense } from './reference.ts';
import type { LanguageModel } from './weights.ts';

/** Relative to numbers of size 1 or so; far above what float32 loses, far below what a wrong kernel gives. */
const TOLERANCE = 2e-4;
/** Multiples of nothing that a kernel could like; more inner numbers and rows than one block of each kernel has. */
const configuration: Configuration = {
  ...{ layers: 1, dim: 281, heads: 3, headDim: 22, ff: 299, context: 64, vocab: 259, rmsEps: 1e-5, ropeBase: 100 },
};
const ROWS = 71;

/**
 * Runs every step of a small model with awkward sizes and compares with the reference.
 *
 * @param create makes what is to be checked for a model; it is disposed of here
 * @throws Error when its results are wrong
 */
export async function checkDense(create: (model: LanguageModel) => Promise<Dense>): Promise<void> {
  const model = sampleModel();
  const { dim, heads, headDim } = configuration;
  const noise = generator(7);
  const x = noise(ROWS * dim, 2);
  const attended = noise(heads * ROWS * headDim, 2);
  const targets = Uint8Array.from({ length: ROWS }, (_, row) => (row * 37) % 256);
  const reference = createReferenceDense(model);
  const dense = await create(model);
  try {
    const projections = [await dense.project(0, x), await reference.project(0, x)] as const;
    for (const name of ['q', 'k', 'v'] as const) compare(name, projections[0][name], projections[1][name]);
    compare('the MLP', await dense.finish(0, x, attended), await reference.finish(0, x, attended));
    compare('the loss', await dense.predict(x, targets), await reference.predict(x, targets));
  } finally {
    dense.dispose();
  }
}

function compare(what: string, found: Float32Array, expected: Float32Array): void {
  let largest = found.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (const [index, value] of expected.entries()) {
    const difference = Math.abs((found[index] ?? Number.NaN) - value);
    if (!(difference <= largest)) largest = difference;
  }
  if (!(largest <= TOLERANCE)) throw new Error(`it computes ${what} wrongly (off by ${largest} in a small test)`);
}

function sampleModel(): LanguageModel {
  const { dim, heads, headDim, ff, vocab } = configuration;
  const noise = generator(1);
  const matrix = (outer: number, inner: number): Float32Array => noise(outer * inner, 2 / Math.sqrt(inner));
  const norm = (): Float32Array => noise(dim, 1).map(value => 1 + value);
  const inner = heads * headDim;
  return {
    configuration,
    embed: matrix(vocab, dim),
    norm: norm(),
    layers: [
      {
        norm1: norm(),
        qkv: matrix(3 * inner, dim),
        out: matrix(dim, inner),
        norm2: norm(),
        up: matrix(ff, dim),
        down: matrix(dim, ff),
      },
    ],
  };
}

/** Numbers spread evenly around 0, over `size` in all; the same for a seed. */
function generator(seed: number): (count: number, size: number) => Float32Array {
  let state = seed;
  return (count, size) =>
    Float32Array.from({ length: count }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return size * (state / 2 ** 32 - 0.5);
    });
}
