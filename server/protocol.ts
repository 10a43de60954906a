import type { Position, Range } from 'vscode-languageserver-protocol';
import { NotificationType, RequestType } from 'vscode-languageserver-protocol';
import type { Model, NumberExpression } from '../runtime/pattern/ir.ts';

export { LIBRARY_SCHEME } from './library-scheme.ts';

/** A declaration of a file that can be previewed, run and exported. */
export interface DeclarationInfo {
  readonly name: string;
  readonly kind: 'pattern' | 'model';
  /** The whole declaration. */
  readonly range: Range;
  /** The name alone. */
  readonly nameRange: Range;
  /** Why it cannot be previewed (e.g. a required parameter without a default), or null. */
  readonly problem: string | null;
}

export interface DeclarationsResult {
  /** Version of the document the answer is about. */
  readonly version: number;
  readonly declarations: readonly DeclarationInfo[];
  /** Has the file errors? */
  readonly errors: number;
}

/** What a file declares, in source order. */
export const DeclarationsRequest = new RequestType<{ uri: string }, DeclarationsResult | null, void>(
  'sparse/declarations',
);

/** Other values for what a declaration writes, by the ids of its adjustables: numbers, truth values, and lists as text. */
export type Adjustments = Readonly<Record<string, number | boolean | string>>;

/** A value that a declaration writes and that can be tried out with another one. */
export interface Adjustable {
  /** The same as long as the value stands in the same place of its declaration. */
  readonly id: string;
  /** Name of the parameter or constant. */
  readonly name: string;
  /** The call whose argument it is, as it is written; null for parameters of the declaration itself, and constants. */
  readonly of: string | null;
  readonly kind: 'number' | 'bool' | 'list';
  /** As it is written: an expression for `number`, the text for `list`. */
  readonly value: NumberExpression | boolean | string;
  /** Whole numbers only. */
  readonly integer: boolean;
  /** Smallest allowed value, or null. */
  readonly min: number | null;
  /** What it counts: `keys`, `tokens`, `blocks`..., or null. */
  readonly unit: string | null;
  /** One sentence, or null. */
  readonly documentation: string | null;
}

export interface LowerParams {
  readonly uri: string;
  readonly name: string;
  /** Replaces a model's tokens. */
  readonly tokens?: number;
  readonly adjustments?: Adjustments;
}

export type LowerResult =
  | {
      readonly ok: true;
      readonly version: number;
      readonly model: Model;
      /** As they are written, whatever they are adjusted to. */
      readonly adjustables: readonly Adjustable[];
    }
  /** `message` is for people; `range` is where the first error is. */
  | { readonly ok: false; readonly version: number; readonly message: string; readonly range: Range | null };

/** A declaration as runtime IR. A file with errors answers `ok: false`, so that the caller keeps its last good one. */
export const LowerRequest = new RequestType<LowerParams, LowerResult | null, void>('sparse/lower');

export interface WithoutOperandsParams {
  readonly uri: string;
  /** Character offsets of the operands, as the spans of the IR have them. */
  readonly operands: readonly { readonly start: number; readonly end: number }[];
}

/** Version of the document, and edits of it. */
export interface EditsResult {
  readonly version: number;
  readonly edits: readonly { readonly range: Range; readonly text: string }[];
}

/** How a file is to be changed so that some primitives of its patterns are gone. */
export const WithoutOperandsRequest = new RequestType<WithoutOperandsParams, EditsResult | null, void>(
  'sparse/withoutOperands',
);

export interface AdjustParams {
  readonly uri: string;
  readonly name: string;
  readonly adjustments: Adjustments;
}

/** How a file is to be changed so that a declaration writes these values. */
export const AdjustRequest = new RequestType<AdjustParams, EditsResult | null, void>('sparse/adjust');

/** The server has checked this version of a document; open previews ask for their pattern again. */
export const ValidatedNotification = new NotificationType<{ uri: string; version: number }>('sparse/validated');

export interface ReadFileParams {
  readonly uri: string;
  /** Present: the bytes are wanted, not the text, and no more than so many. */
  readonly mostBytes?: number;
}

/**
 * `missing`: there is no such file, or it may not be read. `problem`: it is there, and why it is not read all the same, for
 * people: `it is a folder`.
 */
export type ReadFileResult =
  | { readonly text: string }
  | { readonly base64: string }
  | { readonly missing: true }
  | { readonly problem: string };

/** Server to client: a file that is not open (imports, mask files). null is no answer: so editors answer what they do not know. */
export const ReadFileRequest = new RequestType<ReadFileParams, ReadFileResult | null, void>('sparse/readFile');

export interface WorkspaceFilesParams {
  /** Ends of the names of the files that are wanted; `.sparse` without it. */
  readonly extensions?: readonly string[];
}

/** Server to client: addresses of the workspace's files of a kind, open or not, as many as are looked at. */
export const WorkspaceFilesRequest = new RequestType<WorkspaceFilesParams, readonly string[], void>(
  'sparse/workspaceFiles',
);

/** One file of the standard library. */
export interface LibraryFile {
  /** As an import writes it: `sparse:longformer`. */
  readonly path: string;
  /** Where go to definition leads: `sparse-library:/longformer.sparse`. */
  readonly uri: string;
  /** One line. */
  readonly summary: string;
  readonly text: string;
}

/** The standard library, which the server brings along. */
export const LibraryRequest = new RequestType<Record<string, never>, readonly LibraryFile[], void>('sparse/library');

export interface DensityResult {
  /** The pattern or model that the position is in. */
  readonly name: string;
  /** Share of all pairs, 0 to 1; null when counting takes too long. */
  readonly density: number | null;
  /** Is the density estimated from a sample? */
  readonly approximate: boolean;
  readonly complexity: string;
  readonly tokens: number;
}

/** What the pattern around a position costs; null where there is none, or none with a meaning. */
export const DensityRequest = new RequestType<{ uri: string; position: Position }, DensityResult | null, void>(
  'sparse/density',
);
