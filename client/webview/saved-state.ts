import type { Model } from '../../runtime/pattern/ir.ts';
import type { PreviewState } from '../preview/messages.ts';
import type { Camera } from './camera.ts';
import type { SavedRuns } from './runs.ts';

/** What the page keeps while it is hidden, moved, or the window reloads. */
export interface SavedState extends PreviewState, SavedRuns {
  readonly tokens: number | null;
  readonly layer: number;
  readonly head: number;
  /** Null: the whole mask is in sight. */
  readonly camera: Camera | null;
  /** The last good model, so that a broken file still has a picture after a reload. */
  readonly model: Model | null;
}

/** The saved state if there is any that this version understands. */
export function savedState(state: unknown): SavedState | undefined {
  if (typeof state !== 'object' || state === null) return undefined;
  const fields = state as Partial<SavedState>;
  if (fields.version !== 1 || typeof fields.uri !== 'string') return undefined;
  return {
    version: 1,
    uri: fields.uri,
    name: fields.name ?? null,
    tokens: fields.tokens ?? null,
    layer: fields.layer ?? 0,
    head: fields.head ?? 0,
    camera: fields.camera ?? null,
    model: fields.model ?? null,
    runs: fields.runs ?? [],
    allHeads: fields.allHeads ?? false,
    runOn: fields.runOn ?? 'gpu',
  };
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
