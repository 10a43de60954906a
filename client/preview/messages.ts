import type { TensorChoice } from '../../runtime/attention/layer-input.ts';
import type { Model, Span } from '../../runtime/pattern/ir.ts';
import type { Adjustable, Adjustments } from '../../server/protocol.ts';
import type { RunFound, RunRequest, RunStep } from '../run/run-request.ts';

/** What can be chosen in the preview of a file. */
export interface PreviewChoice {
  readonly name: string;
  readonly kind: 'pattern' | 'model';
  /** Why it cannot be previewed, or null. */
  readonly problem: string | null;
}

/**
 * What a preview keeps to whatever editor is active: `file`, of which any declaration can be chosen, or `pattern`, one of
 * its declarations. Null: it follows the editor.
 */
export type PreviewLock = 'file' | 'pattern' | null;

/** How the picture is to be drawn: `auto` takes a graphics device where there is one. */
export type RendererChoice = 'auto' | 'webgpu' | 'canvas';

/** A file of tensors that the user picked. */
export interface TensorFile {
  readonly uri: string;
  /** Without its folder. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the user said of it that its names and shapes leave open. */
  readonly tensors?: TensorChoice;
}

/** The files of a language model's folder. */
export interface LanguageModelFiles {
  /** Of the folder, without the path. */
  readonly name: string;
  readonly configuration: string;
  readonly weights: Uint8Array<ArrayBuffer>;
  readonly text: Uint8Array<ArrayBuffer>;
}

/** The declaration that is shown at a length that was asked for, or why it has no meaning there. */
export type ModelAt =
  | { readonly tokens: number; readonly model: Model }
  | { readonly tokens: number; readonly model: null; readonly problem: string };

/** What happens to a run in the extension host. */
export type HostRunEvent =
  | { readonly id: number; readonly step: RunStep }
  | { readonly id: number; readonly found: RunFound }
  | { readonly id: number; readonly failure: string; readonly cancelled: boolean };

/** Host to page. */
export type ToPage =
  /** The file and what it declares. Sent after `ready` and whenever it changes. */
  | {
      readonly type: 'file';
      /** Of the preview, for what it keeps. */
      readonly id: string;
      readonly uri: string;
      readonly fileName: string;
      readonly choices: readonly PreviewChoice[];
      readonly selected: string | null;
      readonly lock: PreviewLock;
      /** Length for patterns that have none of their own. */
      readonly defaultTokens: number;
      readonly renderer: RendererChoice;
      /** Can attention run on the machine of the extension host? */
      readonly runsInHost: boolean;
    }
  /** Show another declaration, of this file or another one; the page answers `select`. */
  | { readonly type: 'show'; readonly uri: string; readonly name: string | null }
  /** What is shown has another name now. */
  | { readonly type: 'renamed'; readonly uri: string; readonly from: string; readonly to: string }
  /** A file or folder has another place now. */
  | { readonly type: 'moved'; readonly from: string; readonly to: string }
  /** The selected declaration, good as of this version of the file. */
  | {
      readonly type: 'model';
      readonly version: number;
      readonly name: string;
      readonly model: Model;
      /** What in it can be tried out with other values. */
      readonly adjustables: readonly Adjustable[];
    }
  /** The file has errors: the page keeps its last good picture and says so. */
  | { readonly type: 'stale'; readonly version: number; readonly message: string; readonly line: number | null }
  /** What is compared with; `model` is null where it has no meaning, for the reason in `problem`. */
  | ({ readonly type: 'other'; readonly model: Model | null; readonly problem: string | null } & OtherName)
  /** Where the cursor stands in the editor of the file, in characters; null when the editor is left. */
  | { readonly type: 'caret'; readonly offset: number | null }
  /** Answers `pickTensors` and `readTensors`: the file, or why it cannot be had. Neither comes when the user picked none. */
  | { readonly type: 'tensors'; readonly file: TensorFile }
  | { readonly type: 'noTensors'; readonly problem: string }
  /** Answers `pickLanguageModel`, in the same way. */
  | { readonly type: 'languageModel'; readonly files: LanguageModelFiles }
  | { readonly type: 'noLanguageModel'; readonly problem: string }
  /** The user is done with `pickTensors` or `pickLanguageModel`, whatever came of it. */
  | { readonly type: 'pickEnded' }
  | { readonly type: 'modelAt'; readonly at: ModelAt }
  | { readonly type: 'hostRun'; readonly event: HostRunEvent }
  | { readonly type: 'run' }
  /** Unfold a section, and go there. */
  | { readonly type: 'section'; readonly id: SectionId };

/** Sections that commands lead to. */
export type SectionId = 'suggest';

/** A declaration of this or another file that the one that is shown is compared with. */
export interface OtherName {
  readonly uri: string;
  readonly name: string;
}

/** What the page shows just now: export and other commands take it over. */
export interface PreviewView {
  readonly uri: string;
  readonly name: string | null;
  readonly tokens: number | null;
  readonly layer: number;
  readonly head: number;
  /** Labels of the parts that are hidden. */
  readonly hidden: readonly string[];
}

/** What survives when a preview is hidden, moved, or the window reloads. */
export interface PreviewState {
  readonly version: 2;
  /** Tells it from other previews. */
  readonly id: string;
  readonly uri: string;
  readonly name: string | null;
  readonly lock: PreviewLock;
}

/** A declaration that is shown, and what else it depends on: see `tokens` and `adjust`. */
export interface Chosen {
  readonly uri: string;
  readonly name: string | null;
  readonly tokens: number | null;
  readonly adjustments: Adjustments;
}

/** Kinds of files that a picture is saved as. */
export type PictureFormat = 'png' | 'svg';

/** Page to host. */
export type ToHost =
  /** The page listens now and is to be sent everything; `chosen` is null when it was never there before. */
  | { readonly type: 'ready'; readonly chosen: Chosen | null }
  /** The user picked a length (null: the model's own): what a model says in terms of `n` follows it. */
  | { readonly type: 'tokens'; readonly tokens: number | null }
  /** The user tries out other values for what the declaration writes. */
  | { readonly type: 'adjust'; readonly adjustments: Adjustments }
  /** Write them into the source. */
  | { readonly type: 'apply'; readonly adjustments: Adjustments }
  /** This is what is shown from now on: the user picked it, or the extension asked for it. */
  | { readonly type: 'select'; readonly chosen: Chosen; readonly byUser: boolean }
  | { readonly type: 'view'; readonly view: PreviewView }
  /** Show a place in the editor, which takes the keyboard or not. */
  | { readonly type: 'reveal'; readonly span: Span; readonly focus: boolean }
  /** Write into the source that these primitives are gone. */
  | { readonly type: 'remove'; readonly spans: readonly Span[] }
  /** Ask which declaration to compare with. */
  | { readonly type: 'compare' }
  /** The page compares with this declaration at this length and is to be sent it whenever it changes; null: with none. */
  | { readonly type: 'other'; readonly other: OtherName | null; readonly tokens: number | null }
  | { readonly type: 'export' }
  /** Ask the user for a file of tensors, and send it. */
  | { readonly type: 'pickTensors' }
  /** Send a file of tensors that the user picked earlier. */
  | { readonly type: 'readTensors'; readonly uri: string }
  /** Ask the user for the folder of a language model, and send its files. */
  | { readonly type: 'pickLanguageModel' }
  /** Write a picture to a file that the user chooses. `name`: what it is to be called, without its ending. */
  | { readonly type: 'save'; readonly name: string; readonly format: PictureFormat; readonly bytes: Uint8Array }
  /** Send a declaration that is or was shown as it is at another length, and show it no differently. */
  | { readonly type: 'modelAt'; readonly of: Chosen; readonly tokens: number }
  /** Run attention on the machine of the extension host, which reads a file of tensors itself; `id` comes back with its events. */
  | { readonly type: 'runInHost'; readonly id: number; readonly request: RunRequest }
  | { readonly type: 'cancelRun'; readonly id: number }
  /** Put a text onto the clipboard, which a page cannot do that lacks the focus. */
  | { readonly type: 'copy'; readonly text: string }
  /** Write a pattern or model that was suggested to the end of the file, under a name that is free there. */
  | { readonly type: 'insert'; readonly text: string }
  /** Open a text as a new file. */
  | { readonly type: 'openText'; readonly text: string }
  /** Attention ran, on this backend (`gpu`, `cpu`...) and device. */
  | { readonly type: 'ran'; readonly backend: string; readonly device: string };

/** Is this a message of the page? What the page sends crosses a border and is not trusted to have the right form. */
export function isToHost(message: unknown): message is ToHost {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  const fields = message as Record<string, unknown>;
  switch (fields.type) {
    case 'export':
    case 'compare':
    case 'pickTensors':
    case 'pickLanguageModel':
      return true;
    case 'readTensors':
      return typeof fields.uri === 'string';
    case 'save':
      return (
        typeof fields.name === 'string' &&
        (fields.format === 'png' || fields.format === 'svg') &&
        fields.bytes instanceof Uint8Array
      );
    case 'other':
      return isTokens(fields.tokens) && (fields.other === null || isOtherName(fields.other));
    case 'ready':
      return fields.chosen === null || isChosen(fields.chosen);
    case 'tokens':
      return isTokens(fields.tokens);
    case 'adjust':
    case 'apply':
      return isAdjustments(fields.adjustments);
    case 'runInHost':
      return typeof fields.id === 'number' && typeof fields.request === 'object' && fields.request !== null;
    case 'cancelRun':
      return typeof fields.id === 'number';
    case 'modelAt':
      return isChosen(fields.of) && typeof fields.tokens === 'number';
    case 'select':
      return isChosen(fields.chosen) && typeof fields.byUser === 'boolean';
    case 'copy':
    case 'insert':
    case 'openText':
      return typeof fields.text === 'string';
    case 'ran':
      return typeof fields.backend === 'string' && typeof fields.device === 'string';
    case 'view': {
      const view = fields.view as Record<string, unknown> | null | undefined;
      return (
        typeof view === 'object' &&
        view !== null &&
        typeof view.uri === 'string' &&
        (view.name === null || typeof view.name === 'string') &&
        (view.tokens === null || typeof view.tokens === 'number') &&
        typeof view.layer === 'number' &&
        typeof view.head === 'number' &&
        Array.isArray(view.hidden) &&
        view.hidden.every(label => typeof label === 'string')
      );
    }
    case 'reveal':
      return isSpan(fields.span) && typeof fields.focus === 'boolean';
    case 'remove':
      return Array.isArray(fields.spans) && fields.spans.every(isSpan);
    default:
      return false;
  }
}

function isOtherName(value: unknown): value is OtherName {
  if (typeof value !== 'object' || value === null) return false;
  const { uri, name } = value as Record<string, unknown>;
  return typeof uri === 'string' && typeof name === 'string';
}

function isChosen(value: unknown): value is Chosen {
  if (typeof value !== 'object' || value === null) return false;
  const { uri, name, tokens, adjustments } = value as Record<string, unknown>;
  const isNamed = typeof uri === 'string' && (name === null || typeof name === 'string');
  return isNamed && isTokens(tokens) && isAdjustments(adjustments);
}

function isTokens(value: unknown): boolean {
  return value === null || typeof value === 'number';
}

function isAdjustments(value: unknown): value is Adjustments {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(each => ['number', 'boolean', 'string'].includes(typeof each))
  );
}

function isSpan(value: unknown): value is Span {
  if (typeof value !== 'object' || value === null) return false;
  const { uri, start, end } = value as Record<string, unknown>;
  return typeof uri === 'string' && typeof start === 'number' && typeof end === 'number';
}
