import type { Comparison } from '../../runtime/analyse/compare.ts';
import type { ReceptiveField } from '../../runtime/analyse/receptive-field.ts';
import { DARK, type OpaquePalette } from '../../runtime/draw/palette.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import type { Adjustable, Adjustments } from '../../server/protocol.ts';
import type {
  HostRunEvent,
  LanguageModelFiles,
  ModelAt,
  PreviewChoice,
  PreviewLock,
  RendererChoice,
  SectionId,
  TensorFile,
} from '../preview/messages.ts';
import type { ComparedWith } from './compare/compared-with.ts';
import type { SampleContent } from './content/sample-content.ts';
import type { DrawingAnswers, Inquiry } from './drawing-messages.ts';
import type { HeadMasks } from './heads.ts';
import type { Camera } from './mask/camera.ts';
import type { Cell } from './mask/cell.ts';
import type { MaskChoice } from './mask-choice.ts';

/** An answer, why there is none, or null while it is being computed. */
export type Found<T> = { readonly answer: T } | { readonly problem: string } | null;

/** What a choice was asked for, and what was found. */
export interface AskedContent {
  readonly model: Model;
  readonly tokens: number;
  readonly layer: number;
  readonly head: number;
  readonly found: Found<SampleContent>;
}

/** What the user chose and what the page shows while the text is broken: kept while it is hidden, moved, or reloaded. */
export interface KeptState {
  /** Of the preview, among others. */
  readonly id: string | null;
  readonly uri: string | null;
  /** The declaration that is shown. */
  readonly name: string | null;
  /** Does the preview keep to it, or to its file? */
  readonly lock: PreviewLock;
  /** Its last good meaning. */
  readonly model: Model | null;
  /** Length of patterns that have none of their own. */
  readonly defaultTokens: number;
  /** Length that was picked; null follows the model or the setting. */
  readonly tokens: number | null;
  /** Other values that are tried out, by the ids of what they stand in for. */
  readonly adjustments: Adjustments;
  readonly layer: number;
  readonly head: number;
  /** Null: the whole mask is in sight. */
  readonly camera: Camera | null;
  /** The selected cell. */
  readonly cell: Cell | null;
  /** What the mask is compared with, if anything. */
  readonly compared: ComparedWith | null;
  /** Labels of the parts that are hidden. */
  readonly hidden: readonly string[];
  /** Side of the tiles that are laid over the mask; null: none. */
  readonly overlayTile: number | null;
  /** Ids of the sections that are folded. */
  readonly folded: readonly string[];
  /** What sections keep of their own, by their id: JSON. */
  readonly sections: Readonly<Record<string, unknown>>;
  /** What was shown before, of this and other files, the latest first. */
  readonly views: readonly View[];
}

/** What the user chose for one declaration, and what was shown of it: comes back when it is shown again. JSON. */
export interface View
  extends Pick<
    KeptState,
    'uri' | 'name' | 'tokens' | 'adjustments' | 'layer' | 'head' | 'camera' | 'cell' | 'compared' | 'hidden'
  > {
  /** Its last good meaning; null: none was seen, or it is too large to be remembered. */
  readonly model: Model | null;
  readonly adjustables: readonly Adjustable[];
}

/** Everything that the page knows. Plain data: what computes and what draws lives outside and reads it. */
export interface State extends KeptState {
  /** What the file declares. */
  readonly choices: readonly PreviewChoice[];
  /** What is to be shown once its meaning is there; until then all that is not `uri` and `name` is about what was shown before. */
  readonly next: View | null;
  /** What the declaration writes that can be tried out with other values. */
  readonly adjustables: readonly Adjustable[];
  /** What is wrong with a value that was typed, and for which adjustable; or null. */
  readonly adjustProblem: { readonly id: string; readonly message: string } | null;
  /** Why the picture is not that of the file's text, or null. */
  readonly stale: { readonly message: string; readonly line: number | null } | null;
  /** What is wrong with the length that was typed, or null. */
  readonly tokensProblem: string | null;
  /** What is wrong with the cell that was typed, or null. */
  readonly cellProblem: string | null;
  /** Where the cursor stands in the editor of the file, in characters; null when the editor is left. */
  readonly caret: number | null;
  /** Index of the part whose name in the legend is pointed at, or null. */
  readonly pointedPart: number | null;
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
  /** The mask whose picture has been there for a moment without another edit: there is time now for all the rest. */
  readonly settled: MaskChoice | null;
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
  /** Counts the times that the user was asked to pick either, and is done with it. */
  readonly picksEnded: number;
  /** What the query of the selected cell hears of as layers are stacked. */
  readonly field: Found<ReceptiveField>;
  /** Pairs that the two masks of a comparison have in common, and those that only one has. */
  readonly comparison: Found<Comparison>;
  /** How saving or copying the picture goes, or null. */
  readonly saving: { readonly busy: true } | { readonly done: string } | { readonly problem: string } | null;
  /** The model at a length that was asked for, or why it has none there; null while nothing was asked, or answered. */
  readonly modelAt: ModelAt | null;
  /** Can attention run on the machine of the extension host? */
  readonly runsInHost: boolean;
  /** What last happened to a run there. */
  readonly hostRun: HostRunEvent | null;
  /** What is chosen by content in the mask that is shown, where anything is. */
  readonly content: AskedContent | null;
  /** The same of the mask that it is compared with. */
  readonly otherContent: AskedContent | null;
  /** Counts the requests of the extension to run attention. */
  readonly runsAsked: number;
  /** The section that a command has asked for last: an object of its own for each time. */
  readonly sectionAsked: { readonly id: SectionId } | null;
}

/** The state of a page that was never there before, or that comes back with what it kept. */
export function initialState(kept: KeptState | undefined): State {
  return {
    id: null,
    uri: null,
    name: null,
    lock: null,
    model: null,
    defaultTokens: 1024,
    tokens: null,
    adjustments: {},
    layer: 0,
    head: 0,
    camera: null,
    cell: null,
    compared: null,
    hidden: [],
    overlayTile: null,
    folded: [],
    sections: {},
    views: [],
    ...kept,
    choices: [],
    next: null,
    adjustables: [],
    adjustProblem: null,
    stale: null,
    tokensProblem: null,
    cellProblem: null,
    caret: null,
    pointedPart: null,
    pointed: null,
    palette: DARK,
    renderer: 'auto',
    drawProblem: null,
    approximate: false,
    settled: null,
    answers: {},
    heads: null,
    way: null,
    tensors: null,
    tensorsProblem: null,
    languageModel: null,
    languageModelProblem: null,
    picksEnded: 0,
    field: null,
    comparison: null,
    saving: null,
    modelAt: null,
    runsInHost: false,
    hostRun: null,
    content: null,
    otherContent: null,
    runsAsked: 0,
    sectionAsked: null,
  };
}

/** Messages of errors, and of whatever else is thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
