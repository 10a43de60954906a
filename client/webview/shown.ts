import { LayeredMask } from '../../runtime/draw/layered-mask.ts';
import type { Part } from '../../runtime/draw/parts.ts';
import { bindCandidates, isDynamic } from '../../runtime/pattern/bind.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { isAbout } from './content/about-content.ts';
import { chosen, type MaskChoice } from './mask-choice.ts';
import { messageOf, type State } from './state.ts';

/** The mask that a state shows. */
export interface Shown {
  /** What workers are asked about. The same object as long as the same mask is shown. */
  readonly choice: MaskChoice;
  /** The mask itself for questions about single cells, or null with the reason in `problem`. */
  readonly bound: {
    readonly mask: LayeredMask;
    /** All parts, hidden ones too. */
    readonly parts: readonly Part[];
    readonly shape: Shape;
  } | null;
  /** Why this declaration has no mask at this length, or null. */
  readonly problem: string | null;
  /** Is the mask chosen by content, and has nobody chosen yet? */
  readonly needsContent?: boolean;
}

type Inputs = Pick<State, 'model' | 'tokens' | 'layer' | 'head' | 'defaultTokens' | 'hidden' | 'content'>;

/** Of the latest states, newest first: listeners compare two of them. */
let known: readonly { readonly inputs: Inputs; readonly shown: Shown | null }[] = [];

/** The mask that is shown, or null before there is any. Asked again about the same state it answers at once. */
export function shownOf({ model, tokens, layer, head, defaultTokens, hidden, content }: State): Shown | null {
  const inputs: Inputs = { model, tokens, layer, head, defaultTokens, hidden, content };
  const names = Object.keys(inputs) as (keyof Inputs)[];
  const same = known.find(each => names.every(name => each.inputs[name] === inputs[name]));
  if (same !== undefined) return same.shown;
  const shown = show(inputs);
  known = [{ inputs, shown }, ...known].slice(0, 2);
  return shown;
}

function show({ model, tokens, layer, head, defaultTokens, hidden, content }: Inputs): Shown | null {
  if (model === null) return null;
  const choice: MaskChoice = {
    model,
    tokens: tokens ?? model.tokens ?? defaultTokens,
    layer: Math.min(layer, model.layers - 1),
    head: Math.min(head, model.heads - 1),
    hidden,
  };
  try {
    return boundOf(choice, content);
  } catch (error) {
    // A grid or a mask file says itself how long its sequence is.
    const needed = error instanceof PatternError ? error.neededTokens : undefined;
    if (needed === undefined || tokens !== null || model.tokens !== null) return unbound(choice, error);
    const own = { ...choice, tokens: needed };
    try {
      return boundOf(own, content);
    } catch (second) {
      return unbound(own, second);
    }
  }
}

/** The mask of a choice; what content chooses there is what was asked about it, if it was. Throws PatternError. */
export function boundOf(choice: MaskChoice, asked: State['content']): Shown {
  const { pattern, shape } = chosen(choice);
  if (!isDynamic(pattern, shape)) return bind(choice);
  // A mistake is told at once.
  bindCandidates(pattern, shape);
  const found = asked !== null && isAbout(asked, choice) ? asked.found : null;
  if (found === null) return { choice, bound: null, problem: null, needsContent: true };
  return 'problem' in found ? unbound(choice, new Error(found.problem)) : bind({ ...choice, content: found.answer });
}

function bind(choice: MaskChoice): Shown {
  const { pattern, shape } = chosen(choice);
  return { choice, bound: { ...LayeredMask.of(pattern, shape, choice.hidden), shape }, problem: null };
}

function unbound(choice: MaskChoice, error: unknown): Shown {
  return { choice, bound: null, problem: messageOf(error) };
}
