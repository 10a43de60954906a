import type { CompileOptions } from '../compile/mask-tree.ts';
import type { Model } from '../pattern/ir.ts';
import { libraries } from './fit/libraries.ts';
import type { Fit } from './fit/library.ts';
import { fitSubject } from './fit/subject.ts';

export { libraries } from './fit/libraries.ts';
export type { Fit, Library } from './fit/library.ts';

/** What one library says to the masks of a layer. */
export type LibraryFit = { readonly id: string; readonly name: string; readonly version: string } & Fit;

/** Which masks of a model are meant. */
export interface FitChoice {
  readonly layer: number;
  /** Only this head; absent: all heads of the layer together. */
  readonly head?: number;
  /** Replaces the model's own length. */
  readonly tokens?: number;
}

/**
 * For each library whether it can express the masks of a layer exactly, and if not, why. Facts are those of the version
 * that an answer names. Throws PatternError when a mask has no meaning there or is chosen by content, and CompileError when
 * one is too large to know.
 */
export function fitOf(model: Model, choice: FitChoice, options: CompileOptions = {}): readonly LibraryFit[] {
  const subject = fitSubject(model, choice.layer, choice.head, choice.tokens, options);
  return libraries.map(library => {
    const { id, name, version } = library;
    return { id, name, version, ...library.fit(subject) };
  });
}
