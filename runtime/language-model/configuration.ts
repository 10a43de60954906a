import { LanguageModelError } from './language-model-error.ts';

/** Sizes of a causal language model of bytes; see ./weights.ts for the architecture. */
export interface Configuration {
  /** Blocks of attention and MLP. */
  readonly layers: number;
  /** Numbers of the residual stream. */
  readonly dim: number;
  readonly heads: number;
  /** Numbers of a head; even, because rotary positions turn them in pairs. */
  readonly headDim: number;
  /** Numbers between the two matrices of an MLP. */
  readonly ff: number;
  /** The longest sequence that it was trained on. */
  readonly context: number;
  /** Rows of the embedding: at least one for each byte. */
  readonly vocab: number;
  /** Added to the mean square of a norm. */
  readonly rmsEps: number;
  readonly ropeBase: number;
}

/** Names in config.json of what has to be a whole number from 1 on. */
const SIZES = {
  layers: 'layers',
  dim: 'dim',
  heads: 'heads',
  headDim: 'head_dim',
  ff: 'ff',
  context: 'context',
  vocab: 'vocab',
} as const;
const MOST = 2 ** 24;

/**
 * Reads a config.json.
 *
 * @param text JSON with `layers`, `dim`, `heads`, `head_dim`, `ff`, `context`, `vocab`, `rms_eps` and `rope_base`; other
 * fields are not read, except `kv_heads`, which has to be `heads` when it is there
 * @throws LanguageModelError when it is no such file, or describes another architecture
 */
export function readConfiguration(text: string): Configuration {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    fail('it is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) fail('it is not a JSON object');
  const fields = new Map(Object.entries(json));
  const missing = [...Object.values(SIZES), 'rms_eps', 'rope_base'].filter(name => !fields.has(name));
  if (missing.length > 0) {
    const architecture = fields.get('model_type') ?? fields.get('architectures');
    fail(
      `it has no ${missing.join(', ')}${architecture === undefined ? '' : `, but describes ${JSON.stringify(architecture)}`}. What runs here is the architecture of tiny-lm: bytes, RMSNorm, rotary positions, GELU, tied embedding, no biases`,
    );
  }
  const size = (name: string): number => {
    const value = fields.get(name);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > MOST)
      fail(`${name} is ${JSON.stringify(value)}, but should be a whole number from 1 to ${MOST}`);
    return value;
  };
  const positive = (name: string): number => {
    const value = fields.get(name);
    if (typeof value !== 'number' || !(value > 0)) fail(`${name} is ${JSON.stringify(value)}, but should be above 0`);
    return value;
  };
  const configuration: Configuration = {
    layers: size(SIZES.layers),
    dim: size(SIZES.dim),
    heads: size(SIZES.heads),
    headDim: size(SIZES.headDim),
    ff: size(SIZES.ff),
    context: size(SIZES.context),
    vocab: size(SIZES.vocab),
    rmsEps: positive('rms_eps'),
    ropeBase: positive('rope_base'),
  };
  const { heads, headDim, vocab } = configuration;
  if (headDim % 2 !== 0) fail(`head_dim is ${headDim}; rotary positions turn numbers in pairs, so it has to be even`);
  if (vocab < 256) fail(`vocab is ${vocab}; a model of bytes has at least 256`);
  const kvHeads = fields.get('kv_heads');
  if (kvHeads !== undefined && kvHeads !== heads)
    fail(
      `kv_heads is ${JSON.stringify(kvHeads)} and heads is ${heads}; every head has keys and values of its own here`,
    );
  return configuration;
}

function fail(what: string): never {
  throw new LanguageModelError(`This config.json does not describe a model that runs here: ${what}.`);
}
