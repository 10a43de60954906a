import type { Model, Pattern } from './ir.ts';
import { PatternError } from './primitive.ts';
import type { Shape } from './shape.ts';

const CAUSAL: Pattern = { kind: 'primitive', name: 'causal', args: {} };

/** The pattern of one layer and head, or undefined when no rule reaches it. `causal: true` is applied. */
export function patternAt(model: Model, layer: number, head: number): Pattern | undefined {
  const rule = model.rules.findLast(candidate => candidate.layers.includes(layer) && candidate.heads.includes(head));
  if (rule === undefined) return undefined;
  return model.causal ? { kind: 'intersection', left: rule.pattern, right: CAUSAL } : rule.pattern;
}

/** The same. Throws PatternError (`uncovered`) when no rule reaches it. */
export function coveredAt(model: Model, layer: number, head: number): Pattern {
  const pattern = patternAt(model, layer, head);
  if (pattern !== undefined) return pattern;
  throw new PatternError(
    'uncovered',
    `no rule of ${model.name} reaches layer ${layer}, head ${head}; add one, e.g. attention = causal()`,
  );
}

/** Every (layer, head) that no rule reaches. */
export function uncovered(model: Model): { readonly layer: number; readonly head: number }[] {
  const missing: { layer: number; head: number }[] = [];
  for (let layer = 0; layer < model.layers; layer++)
    for (let head = 0; head < model.heads; head++)
      if (patternAt(model, layer, head) === undefined) missing.push({ layer, head });
  return missing;
}

/**
 * The shape of one layer and head. `tokens` replaces the model's own; a bare pattern needs it.
 * Throws PatternError (`shape`) when the model has no tokens, more queries than tokens, or no such layer or head.
 */
export function shapeAt(model: Model, layer: number, head: number, tokens?: number): Shape {
  const n = tokens ?? model.tokens;
  if (n === null) throw new PatternError('shape', `${model.name} has no length of its own: say how many tokens`);
  const queries = model.queries ?? n;
  if (queries > n)
    throw new PatternError('shape', `${model.name} has ${queries} queries but only ${n} tokens`, undefined, true);
  if (!Number.isInteger(layer) || layer < 0 || layer >= model.layers)
    throw new PatternError('shape', `${model.name} has layers 0 to ${model.layers - 1}, got layer ${layer}`);
  if (!Number.isInteger(head) || head < 0 || head >= model.heads)
    throw new PatternError('shape', `${model.name} has heads 0 to ${model.heads - 1}, got head ${head}`);
  return {
    tokens: n,
    queries,
    offset: model.align === 'end' ? n - queries : 0,
    head,
    heads: model.heads,
    layer,
    layers: model.layers,
  };
}
