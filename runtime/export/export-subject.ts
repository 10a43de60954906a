import type { Model } from '../pattern/ir.ts';
import { coveredAt, shapeAt } from '../pattern/model.ts';
import { modelFacts } from './model-facts.ts';
import type { ExportSubject, HeadMask } from './request.ts';

/** Which masks of a model are exported, and what a file should say about them. */
export interface MaskChoice {
  readonly layer: number;
  /** A head, or all heads of the layer. */
  readonly head: number | 'all';
  /** Sequence length; undefined: the model's own. */
  readonly tokens: number | undefined;
  /** The text that the model came from; undefined when there is none. */
  readonly source: string | undefined;
}

/**
 * The masks of a model as exporters want them, with everything that the model says beyond them.
 *
 * @throws PatternError when there is no such layer or head, no length, or no rule reaches one of the masks
 */
export function exportSubject(model: Model, { layer, head, tokens, source }: MaskChoice): ExportSubject {
  const maskOf = (of: number): HeadMask => {
    const shape = shapeAt(model, layer, of, tokens);
    return { pattern: coveredAt(model, layer, of), shape };
  };
  const mask = maskOf(head === 'all' ? 0 : head);
  const subject = { name: model.name, source, ...mask, ...modelFacts(model, mask.shape.tokens) };
  if (head !== 'all') return subject;
  const heads = Array.from({ length: model.heads }, (_, of) => maskOf(of));
  return { ...subject, heads, kvHeads: model.kvHeads };
}
