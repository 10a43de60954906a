import type { Range } from 'vscode-languageserver-protocol';
import { NotificationType, RequestType } from 'vscode-languageserver-protocol';
import type { Model } from '../runtime/pattern/ir.ts';

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

export interface LowerParams {
  readonly uri: string;
  readonly name: string;
  /** Replaces a model's tokens. */
  readonly tokens?: number;
}

export type LowerResult =
  | { readonly ok: true; readonly version: number; readonly model: Model }
  /** `message` is for people; `range` is where the first error is. */
  | { readonly ok: false; readonly version: number; readonly message: string; readonly range: Range | null };

/** A declaration as runtime IR. A file with errors answers `ok: false`, so that the caller keeps its last good one. */
export const LowerRequest = new RequestType<LowerParams, LowerResult | null, void>('sparse/lower');

/** The server has checked this version of a document; open previews ask for their pattern again. */
export const ValidatedNotification = new NotificationType<{ uri: string; version: number }>('sparse/validated');

/** Server to client: the text of a file that is not open (imports), or null when it cannot be read. */
export const ReadFileRequest = new RequestType<{ uri: string }, { text: string } | null, void>('sparse/readFile');
