import { fitted } from '../../../runtime/analyse/compare-models.ts';
import { LayeredMask } from '../../../runtime/draw/layered-mask.ts';
import type { Part } from '../../../runtime/draw/parts.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import type { Shape } from '../../../runtime/pattern/shape.ts';
import { chosen, type MaskChoice } from '../mask-choice.ts';
import { shownOf } from '../shown.ts';
import { messageOf, type State } from '../state.ts';
import type { ComparedAs, ComparedWith } from './compared-with.ts';

/** The other mask of a comparison. */
export interface Other {
  readonly as: ComparedAs;
  /** The same object as long as the same mask is shown. */
  readonly choice: MaskChoice;
  /** Null where it cannot be laid over the mask that is shown, for the reason in `problem`. */
  readonly bound: { readonly mask: LayeredMask; readonly parts: readonly Part[]; readonly shape: Shape } | null;
  readonly problem: string | null;
}

let known: { readonly with: ComparedWith; readonly choice: MaskChoice; readonly other: Other } | undefined;

/** The mask that the one that is shown is compared with, in the same layer and head; null where there is none. */
export function otherOf(state: State): Other | null {
  const { compared } = state;
  const shown = shownOf(state);
  if (compared === null || compared.model === null || !shown?.bound) return null;
  const before = known?.with.model === compared.model && known.choice === shown.choice ? known : undefined;
  if (before?.with.as === compared.as) return before.other;
  const other =
    before === undefined
      ? { as: compared.as, ...beside(compared.model, shown.choice, shown.bound.shape) }
      : { ...before.other, as: compared.as };
  known = { with: compared, choice: shown.choice, other };
  return other;
}

function beside(otherModel: Model, { model: first, tokens, layer, head }: MaskChoice, shape: Shape): Omit<Other, 'as'> {
  const model = fitted(otherModel, first);
  const choice: MaskChoice = {
    model,
    tokens,
    layer: Math.min(layer, model.layers - 1),
    head: Math.min(head, model.heads - 1),
    hidden: [],
  };
  try {
    const { pattern, shape: own } = chosen(choice);
    if (own.queries !== shape.queries || own.offset !== shape.offset)
      return {
        choice,
        bound: null,
        problem: `${first.name} and ${model.name} have other queries: ${range(shape)} and ${range(own)}.`,
      };
    return { choice, bound: { ...LayeredMask.of(pattern, own), shape: own }, problem: null };
  } catch (error) {
    return { choice, bound: null, problem: messageOf(error) };
  }
}

function range({ offset, queries }: Shape): string {
  return `${offset} to ${offset + queries - 1}`;
}

/** The other mask where the difference is what is drawn; null where the primitives are. */
export function differenceOf(state: State): Other | null {
  const other = otherOf(state);
  return other?.bound && other.as === 'difference' ? other : null;
}

/** Names that tell the two apart. */
export function comparedNames(state: State): readonly [string, string] {
  const first = shownOf(state)?.choice.model.name ?? '';
  const { compared, uri } = state;
  if (compared === null) return [first, ''];
  if (compared.name !== first) return [first, compared.name];
  if (compared.uri !== uri)
    return [first, `${compared.name} (${compared.uri.slice(compared.uri.lastIndexOf('/') + 1)})`];
  return [`${first} (tried out)`, `${first} (written)`];
}
