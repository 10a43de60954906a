import type { Model, Span } from '../../runtime/pattern/ir.ts';

/** What can be chosen in the preview of a file. */
export interface PreviewChoice {
  readonly name: string;
  readonly kind: 'pattern' | 'model';
  /** Why it cannot be previewed, or null. */
  readonly problem: string | null;
}

/** How the picture is to be drawn: `auto` takes a graphics device where there is one. */
export type RendererChoice = 'auto' | 'webgpu' | 'canvas';

/** A file of tensors that the user picked. */
export interface TensorFile {
  readonly uri: string;
  /** Without its folder. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The files of a language model's folder. */
export interface LanguageModelFiles {
  /** Of the folder, without the path. */
  readonly name: string;
  readonly configuration: string;
  readonly weights: Uint8Array<ArrayBuffer>;
  readonly text: Uint8Array<ArrayBuffer>;
}

/** Host to page. */
export type ToPage =
  /** The file and what it declares. Sent after `ready` and whenever it changes. */
  | {
      readonly type: 'file';
      readonly uri: string;
      readonly fileName: string;
      readonly choices: readonly PreviewChoice[];
      readonly selected: string | null;
      /** Length for patterns that have none of their own. */
      readonly defaultTokens: number;
      readonly renderer: RendererChoice;
    }
  /** The selected declaration, good as of this version of the file. */
  | { readonly type: 'model'; readonly version: number; readonly name: string; readonly model: Model }
  /** The file has errors: the page keeps its last good picture and says so. */
  | { readonly type: 'stale'; readonly version: number; readonly message: string; readonly line: number | null }
  /** Where the cursor stands in the editor of the file, in characters; null when the editor is left. */
  | { readonly type: 'caret'; readonly offset: number | null }
  /** Answers `pickTensors` and `readTensors`: the file, or why it cannot be had. Nothing comes back when the user picked none. */
  | { readonly type: 'tensors'; readonly file: TensorFile }
  | { readonly type: 'noTensors'; readonly problem: string }
  /** Answers `pickLanguageModel`, in the same way. */
  | { readonly type: 'languageModel'; readonly files: LanguageModelFiles }
  | { readonly type: 'noLanguageModel'; readonly problem: string }
  | { readonly type: 'run' };

/** What the page shows just now: export and other commands take it over. */
export interface PreviewView {
  readonly name: string | null;
  readonly tokens: number | null;
  readonly layer: number;
  readonly head: number;
}

/** What survives when a preview is hidden, moved, or the window reloads. */
export interface PreviewState {
  readonly version: 2;
  readonly uri: string;
  readonly name: string | null;
}

/** Page to host. */
export type ToHost =
  /** The page listens now and is to be sent everything; `tokens` as below. */
  | { readonly type: 'ready'; readonly tokens: number | null }
  /** The user picked a length (null: the model's own): what a model says in terms of `n` follows it. */
  | { readonly type: 'tokens'; readonly tokens: number | null }
  | { readonly type: 'select'; readonly name: string }
  | { readonly type: 'view'; readonly view: PreviewView }
  /** Show a place in the editor, which takes the keyboard or not. */
  | { readonly type: 'reveal'; readonly span: Span; readonly focus: boolean }
  /** Write into the source that these primitives are gone. */
  | { readonly type: 'remove'; readonly spans: readonly Span[] }
  | { readonly type: 'export' }
  /** Ask the user for a file of tensors, and send it. */
  | { readonly type: 'pickTensors' }
  /** Send a file of tensors that the user picked earlier. */
  | { readonly type: 'readTensors'; readonly uri: string }
  /** Ask the user for the folder of a language model, and send its files. */
  | { readonly type: 'pickLanguageModel' }
  /** Put a text onto the clipboard, which a page cannot do that lacks the focus. */
  | { readonly type: 'copy'; readonly text: string }
  /** Attention ran, on this backend (`gpu`, `cpu`...) and device. */
  | { readonly type: 'ran'; readonly backend: string; readonly device: string };

/** Is this a message of the page? What the page sends crosses a border and is not trusted to have the right form. */
export function isToHost(message: unknown): message is ToHost {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  const fields = message as Record<string, unknown>;
  switch (fields.type) {
    case 'export':
    case 'pickTensors':
    case 'pickLanguageModel':
      return true;
    case 'readTensors':
      return typeof fields.uri === 'string';
    case 'ready':
    case 'tokens':
      return fields.tokens === null || typeof fields.tokens === 'number';
    case 'select':
      return typeof fields.name === 'string';
    case 'copy':
      return typeof fields.text === 'string';
    case 'ran':
      return typeof fields.backend === 'string' && typeof fields.device === 'string';
    case 'view': {
      const view = fields.view as Record<string, unknown> | null | undefined;
      return (
        typeof view === 'object' &&
        view !== null &&
        (view.name === null || typeof view.name === 'string') &&
        (view.tokens === null || typeof view.tokens === 'number') &&
        typeof view.layer === 'number' &&
        typeof view.head === 'number'
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

function isSpan(value: unknown): value is Span {
  if (typeof value !== 'object' || value === null) return false;
  const { uri, start, end } = value as Record<string, unknown>;
  return typeof uri === 'string' && typeof start === 'number' && typeof end === 'number';
}
