import type { Model } from '../../runtime/pattern/ir.ts';
import type { Chosen } from '../preview/messages.ts';
import { movedUri } from '../preview/moved-uri.ts';
import type { State, View } from './state.ts';

/** Declarations that are remembered, besides the one that is shown. */
const MOST_VIEWS = 24;
/** Characters of JSON: what is kept is written whenever the camera has moved. */
const LARGEST_MODEL = 2 ** 14;
const LARGEST_VIEWS = 2 ** 17;

const sizes = new WeakMap<object, number>();

function sizeOf(thing: object): number {
  let size = sizes.get(thing);
  if (size === undefined) {
    size = JSON.stringify(thing).length;
    sizes.set(thing, size);
  }
  return size;
}

/**
 * What changes when another declaration is shown. What was shown of the one before is remembered. Where the other one's
 * picture is not, it waits in `next` for what the extension sends, so that nothing blinks: until then the picture is that of
 * the one before.
 */
export function switchTo(state: State, uri: string, name: string | null): Partial<State> {
  if (state.uri === uri && state.name === name) return {};
  const views = [...viewOf(state), ...state.views.filter(view => !isOf(view, state))];
  const known = views.find(view => isOf(view, { uri, name }));
  const view = known ?? blank(uri, name);
  return {
    ...(view.model === null ? { uri, name, next: view } : { ...view, next: null }),
    views: views.filter(each => each !== known).slice(0, MOST_VIEWS),
    ...(uri !== state.uri && { choices: name === null ? [] : [{ name, kind: 'pattern', problem: null }] }),
    ...{ stale: null, tokensProblem: null, cellProblem: null, adjustProblem: null, pointedPart: null, pointed: null },
  };
}

/** What changes when a file or folder has another place. */
export function moveViews(state: State, from: string, to: string): Partial<State> {
  const move = <T extends { readonly uri: string | null }>(thing: T): T => {
    const uri = thing.uri === null ? undefined : movedUri(thing.uri, from, to);
    return uri === undefined ? thing : { ...thing, uri };
  };
  const place = move({ uri: state.uri });
  // The editor may have gone ahead to the new place, of which nothing is remembered.
  const views = state.views.map(move);
  const ahead = views.find(view => isOf(view, { ...place, name: state.name }));
  const next = state.next === null ? null : move(state.next);
  const compared = state.compared === null ? null : move(state.compared);
  if (ahead === undefined) return { ...place, views, next, compared };
  return { ...ahead, model: ahead.model ?? state.model, views: views.filter(view => view !== ahead), next: null };
}

/** What is shown from now on in the place of what was shown before, now that its meaning is there, or that it has none. */
export function arrived(state: State): Partial<State> {
  return state.next === null ? {} : { ...state.next, next: null };
}

/** What the extension has to know to send what is shown; null before anything was chosen. */
export function chosenIn(state: State): Chosen | null {
  const { uri, name, tokens, adjustments } = { ...state, ...state.next };
  return uri === null ? null : { uri, name, tokens, adjustments };
}

/** What is worth keeping of the views: the latest ones, without their models where those are large. */
export function keptViews(views: readonly View[]): readonly View[] {
  const kept: View[] = [];
  let left = LARGEST_VIEWS;
  for (const view of views) {
    const small = withoutLarge(view);
    left -= sizeOf(small);
    if (left < 0) break;
    kept.push(small);
  }
  return kept;
}

const smaller = new WeakMap<View, View>();

function withoutLarge(view: View): View {
  let small = smaller.get(view);
  if (small === undefined) {
    const isLarge = (model: Model | null | undefined): boolean => !!model && sizeOf(model) > LARGEST_MODEL;
    const { model, adjustables, compared } = view;
    small = {
      ...view,
      ...(isLarge(model) ? { model: null, adjustables: [] } : { model, adjustables }),
      compared: compared && { ...compared, model: isLarge(compared.model) ? null : compared.model },
    };
    smaller.set(view, small);
  }
  return small;
}

/** What is shown, if anything is: nothing while it is still awaited. */
function viewOf(state: State): View[] {
  if (state.next !== null) return [state.next];
  if (state.uri === null) return [];
  const { uri, name, tokens, adjustments, layer, head, camera, cell, compared, hidden, model, adjustables } = state;
  return [{ uri, name, tokens, adjustments, layer, head, camera, cell, compared, hidden, model, adjustables }];
}

function blank(uri: string, name: string | null): View {
  return {
    ...{ uri, name, tokens: null, adjustments: {}, layer: 0, head: 0, camera: null, cell: null, compared: null },
    ...{ hidden: [], model: null, adjustables: [] },
  };
}

function isOf(view: Pick<View, 'uri' | 'name'>, { uri, name }: Pick<View, 'uri' | 'name'>): boolean {
  return view.uri === uri && view.name === name;
}
