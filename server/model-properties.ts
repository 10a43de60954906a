import { MAX_TOKENS } from '../runtime/pattern/shape.ts';

/** A property of a model: its values, and what the editor says about it. */
export type ModelProperty = {
  readonly documentation: string;
  /** As people would write it. */
  readonly default?: string;
  readonly example: string;
} & (
  | { readonly type: 'whole'; readonly max: number }
  | { readonly type: 'bool' }
  | { readonly type: 'choice'; readonly choices: readonly string[] }
);

/** Far above every published model, and few enough to look at each of their pairs. */
const MOST_LAYERS = 1024;

/** The properties that a model may set; `attention` rules are no properties. */
export const MODEL_PROPERTIES = {
  tokens: {
    type: 'whole',
    max: MAX_TOKENS,
    example: '4096',
    documentation: 'Length of the sequence: the number of keys. Required.',
  },
  queries: {
    type: 'whole',
    max: MAX_TOKENS,
    default: 'tokens',
    example: '1',
    documentation: 'Query rows, where they are fewer than the keys: decoding, or one chunk of a prefill.',
  },
  align: {
    type: 'choice',
    choices: ['end', 'start'],
    default: 'end',
    example: 'end',
    documentation:
      'Where the query rows sit: `end` puts row r at position r + tokens - queries, `start` at position r.',
  },
  layers: { type: 'whole', max: MOST_LAYERS, default: '1', example: '12', documentation: 'Number of layers.' },
  heads: { type: 'whole', max: MOST_LAYERS, default: '1', example: '12', documentation: 'Number of query heads.' },
  kv_heads: {
    type: 'whole',
    max: MOST_LAYERS,
    default: 'heads',
    example: '4',
    documentation: 'Number of key/value heads; divides `heads`. Query head h reads head floor(h * kv_heads / heads).',
  },
  head_dim: { type: 'whole', max: 2 ** 16, example: '64', documentation: 'Numbers in one query, key or value.' },
  dim: {
    type: 'whole',
    max: 2 ** 24,
    example: '768',
    documentation: 'Width of the model: heads x head_dim. Write this or `head_dim`.',
  },
  dtype: {
    type: 'choice',
    choices: ['f16', 'f32', 'bf16'],
    default: 'f16',
    example: 'f16',
    documentation: 'Number format, for memory estimates.',
  },
  batch: { type: 'whole', max: 2 ** 20, default: '1', example: '1', documentation: 'Sequences in a batch.' },
  causal: {
    type: 'bool',
    default: 'false',
    example: 'true',
    documentation: 'true intersects every rule with `causal()`.',
  },
} as const satisfies Readonly<Record<string, ModelProperty>>;

export type ModelPropertyName = keyof typeof MODEL_PROPERTIES;

export function modelProperty(name: string): ModelProperty | undefined {
  return isModelPropertyName(name) ? MODEL_PROPERTIES[name] : undefined;
}

export function isModelPropertyName(name: string): name is ModelPropertyName {
  return Object.hasOwn(MODEL_PROPERTIES, name);
}
