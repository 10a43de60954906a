import { DARK, type OpaquePalette } from '../../runtime/draw/palette.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import type { LanguageModelFiles, PreviewChoice, RendererChoice, TensorFile } from '../preview/messages.ts';
import type { DrawingAnswers, Inquiry } from './drawing-messages.ts';
import type { HeadMasks } from './heads.ts';
import type { Camera } from './mask/camera.ts';
import type { Cell } from './mask/cell.ts';

/** An answer, why there is none, or null while it is being computed. */
export type Found<T> = { readonly answer: T } | { readonly problem: string } | null;

/** What the user chose and what the page shows while the text is broken: kept while it is hidden, moved, or reloaded. */
export interface KeptState {
  readonly uri: string | null;
  /** The declaration that is shown. */
  readonly name: string | null;
  /** Its last good meaning. */
  readonly model: Model | null;
  /** Length of patterns that have none of their own. */
  readonly defaultTokens: number;
  /** Length that was picked; null follows the model or the setting. */
  readonly tokens: number | null;
  readonly layer: number;
  readonly head: number;
  /** Null: the whole mask is in sight. */
  readonly camera: Camera | null;
  /** The selected cell. */
  readonly cell: Cell | null;
  /** Labels of the parts that are hidden. */
  readonly hidden: readonly string[];
  /** Side of the tiles that are laid over the mask; null: none. */
  readonly overlayTile: number | null;
  /** Ids of the sections that are folded. */
  readonly folded: readonly string[];
  /** What sections keep of their own, by their id: JSON. */
  readonly sections: Readonly<Record<string, unknown>>;
}

/** Everything that the page knows. Plain data: what computes and what draws lives outside and reads it. */
export interface State extends KeptState {
  /** What the file declares. */
  readonly choices: readonly PreviewChoice[];
  /** Why the picture is not that of the file's text, or null. */
  readonly stale: { readonly message: string; readonly line: number | null } | null;
  /** What is wrong with the length that was typed, or null. */
  readonly tokensProblem: string | null;
  /** Where the cursor stands in the editor of the file, in characters; null when the editor is left. */
  readonly caret: number | null;
  /** The cell under the pointer. */
  readonly pointed: Cell | null;
  /** Colours of the mask in the theme of the editor. */
  readonly palette: OpaquePalette;
  /** How the picture is to be drawn. */
  readonly renderer: RendererChoice;
  /** Why the mask cannot be drawn although it has a meaning, or null. */
  readonly drawProblem: string | null;
  /** Does the picture show densities of sampled rows? */
  readonly approximate: boolean;
  /** What is known about the mask that is shown; for a moment after a change still about the one before. */
  readonly answers: { readonly [K in Inquiry]?: Found<DrawingAnswers[K]> };
  /** The masks of all layers and heads. */
  readonly heads: Found<HeadMasks>;
  /** How the query of the selected cell hears of its key: positions, or null where it never does. */
  readonly way: Found<readonly number[] | null>;
  /** The file of tensors that the user picked, as far as it was read; sections keep its address. */
  readonly tensors: TensorFile | null;
  /** Why the file that was picked last cannot be had, or null. */
  readonly tensorsProblem: string | null;
  /** The same of the language model that the user picked. */
  readonly languageModel: LanguageModelFiles | null;
  readonly languageModelProblem: string | null;
  /** Counts the requests of the extension to run attention. */
  readonly runsAsked: number;
}

/** The state of a page that was never there before, or that comes back with what it kept. */
export function initialState(kept: KeptState | undefined): State {
  return {
    uri: null,
    name: null,
    model: null,
    defaultTokens: 1024,
    tokens: null,
    layer: 0,
    head: 0,
    camera: null,
    cell: null,
    hidden: [],
    overlayTile: null,
    folded: [],
    sections: {},
    ...kept,
    choices: [],
    stale: null,
    tokensProblem: null,
    caret: null,
    pointed: null,
    palette: DARK,
    renderer: 'auto',
    drawProblem: null,
    approximate: false,
    answers: {},
    heads: null,
    way: null,
    tensors: null,
    tensorsProblem: null,
    languageModel: null,
    languageModelProblem: null,
    runsAsked: 0,
  };
}

/** Messages of errors, and of whatever else is thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
