import type { Model } from '../../runtime/pattern/ir.ts';
import { initialState, type KeptState, type State } from './state.ts';
import { arrived, keptViews } from './views.ts';

/** What VS Code keeps for the page. The host reads `id`, `uri`, `name` and `lock` to open it again. */
export interface SavedPage extends KeptState {
  readonly version: 2;
}

/** What was kept, if there is any that this version understands; missing fields have the values of a new page. */
export function keptState(saved: unknown): KeptState | undefined {
  if (typeof saved !== 'object' || saved === null) return undefined;
  const fields = saved as Partial<SavedPage>;
  if (fields.version !== 2 || typeof fields.uri !== 'string') return undefined;
  return keptOf({ ...initialState(undefined), ...fields });
}

/** What of a state is worth keeping. */
export function savedPage(state: State): SavedPage {
  const shown = { ...state, ...arrived(state) };
  const kept = { model: keptModel(shown.model), compared: keptCompared(shown), views: keptViews(shown.views) };
  return { version: 2, ...keptOf({ ...shown, ...kept }) };
}

function keptOf(state: KeptState): KeptState {
  const { id, uri, name, lock, model, defaultTokens, tokens, adjustments, layer, head } = state;
  const { camera, cell, compared, hidden, overlayTile, folded, sections, views } = state;
  return {
    ...{ id, uri, name, lock, model, defaultTokens, tokens, adjustments, layer, head },
    ...{ camera, cell, compared, hidden, overlayTile, folded, sections, views },
  };
}

function keptCompared({ compared }: State): State['compared'] {
  return compared === null ? null : { ...compared, model: keptModel(compared.model), problem: null };
}

/** Characters of JSON. State is written whenever the camera moves. */
const LARGEST_MODEL = 2 ** 18;

const small = new WeakMap<Model, boolean>();

/** The model as far as it is worth keeping: one with large mask files comes from the server again. */
export function keptModel(model: Model | null): Model | null {
  if (model === null) return null;
  let isSmall = small.get(model);
  if (isSmall === undefined) {
    isSmall = JSON.stringify(model).length <= LARGEST_MODEL;
    small.set(model, isSmall);
  }
  return isSmall ? model : null;
}

/** Characters of JSON. */
const LARGEST_RESULT = 2 ** 17;

/** What a section found out as far as it is worth keeping: state is written often. */
export function keptResult<T>(result: T | null): T | null {
  return result !== null && JSON.stringify(result).length <= LARGEST_RESULT ? result : null;
}
