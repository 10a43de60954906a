import { toFloat32 } from '../tensor/convert.ts';
import type { Tensor } from '../tensor/dtype.ts';
import { readSafetensors } from '../tensor/safetensors.ts';
import type { Configuration } from './configuration.ts';
import { LanguageModelError } from './language-model-error.ts';

/** Weights of one block, float32, matrices [out][in]. */
export interface LayerWeights {
  /** [dim] */
  readonly norm1: Float32Array;
  /** [3 * heads * headDim][dim]: all queries, all keys, all values, within each head by head. */
  readonly qkv: Float32Array;
  /** [dim][heads * headDim] */
  readonly out: Float32Array;
  /** [dim] */
  readonly norm2: Float32Array;
  /** [ff][dim] */
  readonly up: Float32Array;
  /** [dim][ff] */
  readonly down: Float32Array;
}

/**
 * A causal language model of bytes without biases:
 *
 *     x = embed[bytes]
 *     x = x + out(attention(norm1(x)));  x = x + down(gelu(up(norm2(x))))      in every layer
 *     logits = norm(x) embed^T
 *
 * Norms are RMSNorm (Zhang and Sennrich 2019), positions rotary (Su et al. 2021), GELU its approximation by tanh
 * (Hendrycks and Gimpel 2016).
 */
export interface LanguageModel {
  readonly configuration: Configuration;
  /** [vocab][dim], of the input and, transposed, of the output. */
  readonly embed: Float32Array;
  /** [dim] */
  readonly norm: Float32Array;
  /** [layers] */
  readonly layers: readonly LayerWeights[];
}

/** Names and shapes of all tensors of a checkpoint. */
export function tensorShapes(configuration: Configuration): ReadonlyMap<string, readonly number[]> {
  const { layers, dim, heads, headDim, ff, vocab } = configuration;
  const shapes = new Map<string, readonly number[]>([
    ['embed.weight', [vocab, dim]],
    ['norm.weight', [dim]],
  ]);
  for (let layer = 0; layer < layers; layer++) {
    shapes.set(`blocks.${layer}.norm1.weight`, [dim]);
    shapes.set(`blocks.${layer}.qkv.weight`, [3 * heads * headDim, dim]);
    shapes.set(`blocks.${layer}.out.weight`, [dim, heads * headDim]);
    shapes.set(`blocks.${layer}.norm2.weight`, [dim]);
    shapes.set(`blocks.${layer}.up.weight`, [ff, dim]);
    shapes.set(`blocks.${layer}.down.weight`, [dim, ff]);
  }
  return shapes;
}

/**
 * Reads the weights of a checkpoint from the bytes of its .safetensors file: F32, F16 or BF16, which are widened.
 *
 * @throws TensorFileError when the file is not sound
 * @throws LanguageModelError when tensors are missing, too many, of another type or shape, or not finite
 */
export function readWeights(configuration: Configuration, bytes: Uint8Array): LanguageModel {
  const { tensors } = readSafetensors(bytes);
  const shapes = tensorShapes(configuration);
  const missing = [...shapes.keys()].filter(name => !tensors.has(name));
  const strange = [...tensors.keys()].filter(name => !shapes.has(name));
  const faults: string[] = [];
  if (missing.length > 0) faults.push(`it lacks ${some(missing)}`);
  if (strange.length > 0) faults.push(`it has ${some(strange)}, which this architecture does not have`);
  for (const [name, shape] of shapes) {
    const found = tensors.get(name);
    if (found !== undefined && text(found.shape) !== text(shape))
      faults.push(`${name} is ${text(found.shape)}, but should be ${text(shape)} by config.json`);
  }
  if (faults.length > 0)
    throw new LanguageModelError(
      `These weights are not those of a model that runs here: ${faults.slice(0, 3).join('; ')}${faults.length > 3 ? `; and ${faults.length - 3} more` : ''}.`,
    );
  const numbers = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new RangeError(`there is no tensor ${name}`);
    return finite(name, tensor);
  };
  return {
    configuration,
    embed: numbers('embed.weight'),
    norm: numbers('norm.weight'),
    layers: Array.from({ length: configuration.layers }, (_, layer) => ({
      norm1: numbers(`blocks.${layer}.norm1.weight`),
      qkv: numbers(`blocks.${layer}.qkv.weight`),
      out: numbers(`blocks.${layer}.out.weight`),
      norm2: numbers(`blocks.${layer}.norm2.weight`),
      up: numbers(`blocks.${layer}.up.weight`),
      down: numbers(`blocks.${layer}.down.weight`),
    })),
  };
}

function finite(name: string, tensor: Tensor): Float32Array {
  if (tensor.dtype !== 'f32' && tensor.dtype !== 'f16' && tensor.dtype !== 'bf16')
    throw new LanguageModelError(`${name} is ${tensor.dtype.toUpperCase()}; weights are F32, F16 or BF16.`);
  const data = toFloat32(tensor);
  const bad = data.findIndex(value => !Number.isFinite(value));
  if (bad >= 0)
    throw new LanguageModelError(`${name} holds ${data[bad]} (element ${bad}); weights are finite numbers.`);
  return data;
}

function text(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function some(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more tensors`;
}
