import type { CompileOptions } from '../compile/mask-tree.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Padding } from './padding.ts';
import { type Relation, Relations } from './relation.ts';
import type { Field, Stack, Stacked } from './stacking.ts';

/**
 * What a stack of layers connects, by multiplying relations. For masks that repeat, at any length; others run out of
 * `steps`. `padding` is for masks that repeat with another period than a power of two. Throws OutOfSteps and CompileError.
 */
export function stackRelations(
  stack: Stack<Mask>,
  steps: number,
  options: CompileOptions = {},
  padding?: Padding,
): Stacked {
  const { tokens, masks, layers, token } = stack;
  const relations = new Relations(tokens, steps, options.checkpoint, padding);
  // Each position keeps what it has.
  const steppings = masks.map(mask => relations.union(relations.of(mask, options), relations.identity));
  const { closure, hops } = closureOf(
    relations,
    steppings.reduce((all, one) => relations.union(all, one), 0),
  );
  const byLayer: number[] = [];
  const fields: Field[] = [];
  let reached = relations.identity;
  for (const layer of layers) {
    if (reached === closure && byLayer.length > 0) break;
    reached = relations.product(steppings[layer] ?? 0, reached);
    byLayer.push(relations.pairs(reached));
    if (token !== undefined) fields.push(fieldOf(relations, reached, token));
  }
  const outside = (target: Relation) => relations.pairOutside(target, closure);
  return {
    connected: relations.pairs(closure),
    past: relations.pairs(relations.intersection(closure, relations.past)),
    future: relations.pairs(relations.intersection(closure, relations.future)),
    hops,
    byLayer,
    fields,
    missing: { past: outside(relations.past), future: outside(relations.future) },
  };
}

/** Everything that repeating a relation connects, and how often it has to be repeated. */
export function closureOf(relations: Relations, step: Relation): { readonly closure: Relation; readonly hops: number } {
  const powers = [step];
  let closure = step;
  for (;;) {
    const twice = relations.product(closure, closure);
    if (twice === closure) break;
    closure = twice;
    powers.push(twice);
  }
  if (closure === relations.identity) return { closure, hops: 0 };
  // The most repetitions that do not connect everything yet, found by halving.
  let short = relations.identity;
  let hops = 0;
  for (let exponent = powers.length - 2; exponent >= 0; exponent--) {
    const longer = relations.product(short, powers[exponent] ?? 0);
    if (longer === closure) continue;
    short = longer;
    hops += 2 ** exponent;
  }
  return { closure, hops: hops + 1 };
}

function fieldOf(relations: Relations, reached: Relation, token: number): Field {
  let keys = 0;
  let first = token;
  let last = token;
  relations.row(reached, token, (from, to) => {
    keys += to - from;
    first = Math.min(first, from);
    last = Math.max(last, to - 1);
  });
  return { keys, first, last };
}
