import { union } from '../pattern/algebra.ts';
import type { Model } from '../pattern/ir.ts';
import { checkPosition, layersOf } from './flow-layers.ts';
import type { FlowOptions } from './flow-report.ts';
import type { Field } from './stacking.ts';
import { Steps, UNREACHED } from './steps.ts';
import { Unmet } from './unmet.ts';

/** What one position hears of as layers are stacked. */
export interface ReceptiveField {
  readonly query: number;
  /** Layers after which it has heard of each key; 0 for itself, UNREACHED where that many layers never bring it. [tokens] */
  readonly after: Int32Array<ArrayBuffer>;
  /**
   * The keys it has heard of after 1, 2, ... layers, up to the layer that brings the last of them; a bare pattern has as
   * many layers as it takes.
   */
  readonly fields: readonly Field[];
  /** Layers of the model, null for a bare pattern. */
  readonly layers: number | null;
}

/**
 * The receptive field of a position, layer by layer from the bottom of the stack, each layer with its own masks: after the
 * first k layers a position has what the positions that it attends to in layer k had after k - 1, and what it had itself.
 * Exact. Throws as `modelFlow`, and PatternError (`position-range`) for a position outside.
 */
export function receptiveField(
  model: Model,
  query: number,
  tokens?: number,
  options: FlowOptions = {},
): ReceptiveField {
  const { masks, layers, shape } = layersOf(model, tokens, options);
  checkPosition(query, shape.tokens);
  const bare = model.kind === 'pattern' || options.only !== undefined;
  const all = Steps.of(masks.reduce(union), shape, options);
  // No order of the layers brings more than all of them together.
  const most = all.distances(query);
  const alike = masks.length === 1;
  const steps = alike ? [all] : masks.map(mask => Steps.of(mask, shape, options));
  const after = alike ? most : stacked(steps, layers, query, shape.tokens, most, options);
  const told = bare ? Number.POSITIVE_INFINITY : layers.length;
  for (const [key, layer] of after.entries()) if (layer > told) after[key] = UNREACHED;
  return { query, after, fields: fieldsOf(after, query), layers: bare ? null : layers.length };
}

/** For layers of several masks: each height of the stack by itself, from its top layer down. */
function stacked(
  steps: readonly Steps[],
  layers: readonly number[],
  query: number,
  tokens: number,
  most: Int32Array,
  options: FlowOptions,
): Int32Array<ArrayBuffer> {
  const after = new Int32Array(tokens).fill(UNREACHED);
  after[query] = 0;
  let left = most.reduce((count, distance) => count + (distance === UNREACHED ? 0 : 1), -1);
  for (let height = 1; height <= layers.length && left > 0; height++) {
    const met = new Uint32Array(tokens);
    const unmet = new Unmet(tokens);
    let end = 0;
    const meet = (from: number, to: number): void =>
      unmet.meet(from, to, key => {
        met[end++] = key;
      });
    meet(query, query + 1);
    // Of each mask, how many of the positions that were met have told it what they see.
    const told = steps.map(() => 0);
    for (let layer = height - 1; layer >= 0 && unmet.left > 0; layer--) {
      options.checkpoint?.();
      const mask = layers[layer] ?? 0;
      const until = end;
      for (let at = told[mask] ?? 0; at < until; at++) steps[mask]?.keysOf(met[at] ?? 0, unmet, meet);
      told[mask] = until;
    }
    for (let at = 0; at < end; at++) {
      const key = met[at] ?? 0;
      if (after[key] !== UNREACHED) continue;
      after[key] = height;
      left--;
    }
  }
  return after;
}

function fieldsOf(after: Int32Array, query: number): readonly Field[] {
  const byLayer: { keys: number; first: number; last: number }[] = [];
  for (const [key, layer] of after.entries()) {
    if (layer === UNREACHED) continue;
    byLayer[layer] ??= { keys: 0, first: key, last: key };
    const field = byLayer[layer];
    field.keys++;
    field.last = key;
  }
  const fields: Field[] = [];
  let before: Field = { keys: 0, first: query, last: query };
  // A layer may bring nothing, and a later one more.
  for (let layer = 0; layer < byLayer.length; layer++) {
    const { keys, first, last } = byLayer[layer] ?? { keys: 0, first: before.first, last: before.last };
    before = {
      keys: before.keys + keys,
      first: Math.min(before.first, first),
      last: Math.max(before.last, last),
    };
    if (layer > 0) fields.push(before);
  }
  return fields.length === 0 ? [before] : fields;
}
