import { fitted } from '../../../runtime/analyse/compare-models.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import type { Shape } from '../../../runtime/pattern/shape.ts';
import type { MaskChoice } from '../mask-choice.ts';
import { boundOf, type Shown, shownOf } from '../shown.ts';
import { messageOf, type State } from '../state.ts';
import type { ComparedAs, ComparedWith } from './compared-with.ts';

/** The other mask of a comparison. */
export interface Other extends Shown {
  readonly as: ComparedAs;
}

interface Known {
  readonly with: ComparedWith;
  /** The mask that is shown. */
  readonly choice: MaskChoice;
  /** The other one, before content has chosen. */
  readonly written: MaskChoice;
  readonly asked: State['otherContent'];
  readonly other: Other;
}

let known: Known | undefined;

/** The mask that the one that is shown is compared with, in the same layer and head; null where there is none. */
export function otherOf(state: State): Other | null {
  const { compared } = state;
  const shown = shownOf(state);
  if (compared === null || compared.model === null || !shown?.bound) return null;
  const before = known?.with.model === compared.model && known.choice === shown.choice ? known : undefined;
  const asked = state.otherContent;
  const isKnown = before?.asked === asked;
  if (before !== undefined && isKnown && before.with.as === compared.as) return before.other;
  const written = before?.written ?? beside(compared.model, shown.choice);
  const found =
    before !== undefined && isKnown ? before.other : laidOver(written, asked, shown.choice.model, shown.bound.shape);
  const other = { ...found, as: compared.as };
  known = { with: compared, choice: shown.choice, written, asked, other };
  return other;
}

/** The same place of the other model, or the nearest that it has. */
function beside(otherModel: Model, { model: first, tokens, layer, head }: MaskChoice): MaskChoice {
  const model = fitted(otherModel, first);
  const place = { layer: Math.min(layer, model.layers - 1), head: Math.min(head, model.heads - 1) };
  return { model, tokens, ...place, hidden: [] };
}

function laidOver(choice: MaskChoice, asked: State['otherContent'], { name }: Model, shape: Shape): Shown {
  try {
    const other = boundOf(choice, asked);
    const own = other.bound?.shape;
    if (own === undefined || (own.queries === shape.queries && own.offset === shape.offset)) return other;
    const problem = `${name} and ${choice.model.name} have other queries: ${range(shape)} and ${range(own)}.`;
    return { ...other, bound: null, problem };
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
