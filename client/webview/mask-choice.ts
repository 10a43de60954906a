import { modelWithout } from '../../runtime/draw/hidden-parts.ts';
import type { Model, Pattern } from '../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import type { SampleContent } from './content/sample-content.ts';

/** Which mask of a model is meant. */
export interface MaskChoice {
  readonly model: Model;
  readonly tokens: number;
  readonly layer: number;
  readonly head: number;
  /** Labels of parts that are left out. */
  readonly hidden: readonly string[];
  /** What is chosen by content there on made-up data. */
  readonly content?: SampleContent;
}

/** The pattern of a choice as it is written, with its hidden parts, and its shape. Throws PatternError. */
export function chosen(choice: MaskChoice): { pattern: Pattern; shape: Shape } {
  const { layer, head, tokens } = choice;
  const model = modelAsChosen(choice);
  const shape = shapeAt(model, layer, head, tokens);
  const pattern = patternAt(model, layer, head);
  if (pattern === undefined)
    throw new PatternError('uncovered', `No rule of ${model.name} reaches layer ${layer}, head ${head}.`);
  return { pattern, shape };
}

/** The model with what content chose, where that is known for the choice. */
function modelAsChosen({ model, tokens, layer, head, content }: MaskChoice): Model {
  const isKnown = content?.tokens === tokens && content.layer === layer && content.head === head;
  return isKnown ? content.model : model;
}

/** A choice without what is chosen on made-up data: what computes on other data chooses by that. */
export function asWritten({ content: _, ...choice }: MaskChoice): MaskChoice {
  return choice;
}

/** The model of a choice as if the hidden parts were not written. Throws PatternError. */
export function modelShown(choice: MaskChoice): Model {
  return modelWithout(modelAsChosen(choice), choice.tokens, choice.hidden);
}
