import type { ReceptiveField } from '../../../runtime/analyse/receptive-field.ts';
import { ownState } from '../sections/section.ts';
import { shownOf } from '../shown.ts';
import type { State } from '../state.ts';

export const FIELD_SECTION = 'field';

/** What the section of receptive fields keeps. */
export interface FieldChoice {
  /** Layers that are stacked. */
  readonly layers: number;
}

/** Layers that are stacked, as far as they bring something to this position. */
export function layersShown(state: State, { fields }: ReceptiveField): number {
  return Math.min(ownState<FieldChoice>(state, FIELD_SECTION, { layers: 1 }).layers, fields.length);
}

/** The receptive field that is drawn over the picture. */
export interface FieldShown {
  /** Row of the query. */
  readonly row: number;
  /** See `ReceptiveField`. */
  readonly after: Int32Array;
  readonly layers: number;
}

/** Null where there is none to be drawn: of one layer, it is the row itself. */
export function fieldShown(state: State): FieldShown | null {
  const shape = shownOf(state)?.bound?.shape;
  if (state.folded.includes(FIELD_SECTION) || state.cell === null || shape === undefined) return null;
  if (state.field === null || 'problem' in state.field) return null;
  const { answer } = state.field;
  const layers = layersShown(state, answer);
  return layers < 2 ? null : { row: answer.query - shape.offset, after: answer.after, layers };
}

/** Of the keys in each of so many equal stretches of the sequence, the share that was heard of after these layers. */
export function heardShares(after: Int32Array, layers: number, bins: number): readonly number[] {
  return Array.from({ length: bins }, (_, bin) => {
    const from = Math.floor((bin * after.length) / bins);
    const to = Math.floor(((bin + 1) * after.length) / bins);
    let heard = 0;
    for (let key = from; key < to; key++) {
      const layer = after[key] ?? -1;
      if (layer >= 0 && layer <= layers) heard++;
    }
    return heard / (to - from);
  });
}
