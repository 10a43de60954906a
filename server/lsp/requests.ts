import { DocumentState } from 'langium';
import type { LangiumSharedServices } from 'langium/lsp';
import type { Connection } from 'vscode-languageserver';
import { CodeLensRefreshRequest } from 'vscode-languageserver-protocol';
import { adjustablesOf, adjustmentEdits } from '../adjustable.ts';
import type { Counter } from '../counting.ts';
import { fileOf } from '../imports.ts';
import { declarationsOf, lowerNamed } from '../language.ts';
import { libraryModules } from '../library.ts';
import { declarationNamed, LowerError } from '../lower.ts';
import {
  AdjustRequest,
  DeclarationsRequest,
  type DeclarationsResult,
  DensityRequest,
  type EditsResult,
  LibraryRequest,
  LowerRequest,
  type LowerResult,
  ValidatedNotification,
  WithoutOperandsRequest,
} from '../protocol.ts';
import type { Idle } from '../slow-answers.ts';
import { rangeOf } from '../source.ts';
import { withoutOperands } from '../without-operands.ts';
import { currentDocument, isCurrent } from './current-document.ts';
import { DensityAt } from './density-at.ts';
import type { SparseConfiguration } from './settings.ts';
import { askAgain } from './telling.ts';

const ERROR = 1;

/** Answers the requests of our own that the previews, commands and exports live on. */
export function addRequests(
  connection: Connection,
  shared: LangiumSharedServices,
  configuration: SparseConfiguration,
  counter: Counter,
  idle: Idle | undefined,
): void {
  const version = (uri: string): number => shared.workspace.TextDocuments.get(uri)?.version ?? 0;

  connection.onRequest(DeclarationsRequest, async ({ uri }, token): Promise<DeclarationsResult | null> => {
    const document = await currentDocument(shared, uri, token);
    if (document === undefined) return null;
    return {
      version: version(uri),
      declarations: declarationsOf(document),
      errors: (document.diagnostics ?? []).filter(({ severity }) => severity === ERROR).length,
    };
  });

  connection.onRequest(LowerRequest, async ({ uri, name, tokens, adjustments }, token): Promise<LowerResult | null> => {
    const document = await currentDocument(shared, uri, token);
    const file = fileOf(document);
    if (document === undefined || file === undefined) return null;
    const about = version(uri);
    const error = document.diagnostics?.find(({ severity }) => severity === ERROR);
    if (error !== undefined) return { ok: false, version: about, message: error.message, range: error.range };
    try {
      const model = lowerNamed(file, name, tokens, adjustments);
      return { ok: true, version: about, model, adjustables: adjustablesOf(declarationNamed(file, name)) };
    } catch (failure) {
      if (!(failure instanceof LowerError)) throw failure;
      const { span, message } = failure;
      const range = span === undefined || span.uri !== document.uri.toString() ? null : rangeOf(document, span);
      return { ok: false, version: about, message, range };
    }
  });

  connection.onRequest(WithoutOperandsRequest, async ({ uri, operands }, token): Promise<EditsResult | null> => {
    const document = await currentDocument(shared, uri, token);
    const file = fileOf(document);
    if (document === undefined || file === undefined) return null;
    const edits = withoutOperands(file, operands).map(({ text, ...place }) => ({
      range: rangeOf(document, place),
      text,
    }));
    return { version: version(uri), edits };
  });

  connection.onRequest(AdjustRequest, async ({ uri, name, adjustments }, token): Promise<EditsResult | null> => {
    const document = await currentDocument(shared, uri, token);
    const file = fileOf(document);
    if (document === undefined || file === undefined) return null;
    try {
      const edits = adjustmentEdits(declarationNamed(file, name), adjustments);
      return {
        version: version(uri),
        edits: edits.map(({ text, ...place }) => ({ range: rangeOf(document, place), text })),
      };
    } catch (failure) {
      // The declaration is gone.
      if (failure instanceof LowerError) return null;
      throw failure;
    }
  });

  connection.onRequest(LibraryRequest, () =>
    libraryModules.map(({ path, uri, summary, text }) => ({ path, uri: uri.toString(), summary, text })),
  );

  const densityAt = new DensityAt(counter);
  connection.onRequest(DensityRequest, async ({ uri, position }, token) => {
    const document = await currentDocument(shared, uri, token);
    return document === undefined ? null : densityAt.find(document, position);
  });

  let canRefreshLenses = false;
  shared.lsp.LanguageServer.onInitialize(({ capabilities }) => {
    canRefreshLenses = capabilities.workspace?.codeLens?.refreshSupport === true;
  });
  const refreshLenses = (): void => {
    if (canRefreshLenses) void askAgain(connection, CodeLensRefreshRequest.type);
  };
  configuration.onChange(refreshLenses);
  idle?.onFound(refreshLenses);
  const told = new Map<string, number>();
  shared.workspace.DocumentBuilder.onDocumentPhase(DocumentState.Validated, async document => {
    // A newer text is already on its way through the builder: its own message follows.
    if (!isCurrent(shared, document)) return;
    const uri = document.uri.toString();
    const now = version(uri);
    await connection.sendNotification(ValidatedNotification, { uri, version: now });
    // The editor asks for lenses when the text changes, but not when an imported file does, nor a second time after it
    // asked for those of a document that was not ready.
    const before = told.get(uri);
    told.set(uri, now);
    if (before === undefined || before === now) refreshLenses();
  });
}
