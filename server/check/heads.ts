import type { Pattern } from '../../runtime/pattern/ir.ts';
import { readsOf } from '../../runtime/pattern/reads.ts';
import { type Shape, squareShape } from '../../runtime/pattern/shape.ts';
import type { ModelFrame } from '../lower/model.ts';
import type { ReadModel, ReadRule } from './model.ts';

/** Most different masks of one rule that are looked at. */
const MOST_MASKS = 64;

/** The shape of one layer and head of a model. */
function shapeOf(frame: ModelFrame, tokens: number, layer: number, head: number): Shape {
  const queries = frame.queries ?? tokens;
  const offset = frame.align === 'end' ? tokens - queries : 0;
  return { tokens, queries, offset, head, heads: frame.heads, layer, layers: frame.layers };
}

/**
 * Shapes at which a rule gives all its different masks, where it has the last word. Undefined when they are too many
 * to look at.
 */
export function shapesOfRule(model: ReadModel, { rule }: ReadRule, pattern: Pattern): readonly Shape[] | undefined {
  const { frame, rules, last } = model;
  if (frame.tokens === null) return undefined;
  const index = rules.findIndex(other => other.rule === rule);
  const { head: readsHead, layer: readsLayer } = readsOf(pattern);
  const shapes = new Map<string, Shape>();
  for (let layer = 0; layer < frame.layers; layer++)
    for (let head = 0; head < frame.heads; head++) {
      if (last[layer * frame.heads + head] !== index) continue;
      const key = `${readsLayer ? layer : ''},${readsHead ? head : ''}`;
      if (shapes.has(key)) continue;
      if (shapes.size >= MOST_MASKS) return undefined;
      shapes.set(key, shapeOf(frame, frame.tokens, layer, head));
    }
  return [...shapes.values()];
}

/** The model's shape as if every token were a query: what a pattern is does not depend on who asks. */
export function squareOf({ tokens, head, heads, layer, layers }: Shape): Shape {
  return squareShape(tokens, { head, heads, layer, layers });
}

/** ` in layer 3, head 1`, where it matters. */
export function inHead(pattern: Pattern, { layer, head }: Shape): string {
  const reads = readsOf(pattern);
  if (reads.layer && reads.head) return ` in layer ${layer}, head ${head}`;
  return reads.layer ? ` in layer ${layer}` : reads.head ? ` in head ${head}` : '';
}
