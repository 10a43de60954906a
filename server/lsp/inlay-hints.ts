import { AstUtils, Cancellation, DocumentState, interruptAndCheck, type LangiumDocument } from 'langium';
import type { InlayHintProvider, LangiumSharedServices } from 'langium/lsp';
import type { Connection } from 'vscode-languageserver';
import type { InlayHintParams } from 'vscode-languageserver-protocol';
import { InlayHintRefreshRequest } from 'vscode-languageserver-protocol';
import { type InlayHint, InlayHintKind, type Range } from 'vscode-languageserver-types';
import { CompileError } from '../../runtime/compile/mask-tree.ts';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { type Count, type Counter, grouped, percent } from '../counting.ts';
import {
  type AttentionRule,
  isReference,
  type ModelDeclaration,
  type PatternDeclaration,
  type Reference,
} from '../generated/ast.ts';
import { fileOf } from '../imports.ts';
import { lowerPattern } from '../lower/pattern.ts';
import { LowerError, lower, problemOf } from '../lower.ts';
import type { Idle } from '../slow-answers.ts';
import { type Place, placeOf } from '../source.ts';
import { argumentName, formalsOf } from '../types.ts';
import { frameOf, viewpointOf } from '../viewpoint.ts';
import type { SparseConfiguration } from './settings.ts';
import { askAgain } from './telling.ts';
import { upToDate } from './up-to-date.ts';

/** The density of every pattern and rule, and the names of parameters that a call leaves out. */
export class SparseInlayHintProvider implements InlayHintProvider {
  readonly #counter: Counter;
  readonly #configuration: SparseConfiguration;
  readonly #milliseconds: number;

  /** `milliseconds`: longest time to count for all hints of one answer together. */
  constructor(counter: Counter, configuration: SparseConfiguration, milliseconds: number) {
    this.#counter = counter;
    this.#configuration = configuration;
    this.#milliseconds = milliseconds;
  }

  async getInlayHints(
    document: LangiumDocument,
    { range }: InlayHintParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<InlayHint[]> {
    await upToDate(document, token);
    const { density, parameterNames } = this.#configuration.current.inlayHints;
    const end = performance.now() + this.#milliseconds;
    const shown: Place = {
      start: document.textDocument.offsetAt(range.start),
      end: document.textDocument.offsetAt(range.end),
    };
    const hints: InlayHint[] = [];
    for (const declaration of fileOf(document)?.declarations ?? []) {
      const place = placeOf(declaration);
      if (place === undefined || place.end < shown.start || place.start > shown.end) continue;
      await interruptAndCheck(token);
      if (parameterNames) hints.push(...namesIn(document, declaration, range));
      if (!density) continue;
      if (declaration.$type === 'PatternDeclaration') {
        const hint = densityHint(document, place, this.#ofPattern(declaration, end - performance.now()));
        if (hint !== undefined) hints.push(hint);
      } else if (declaration.$type === 'ModelDeclaration')
        for (const rule of declaration.rules) {
          await interruptAndCheck(token);
          const count = this.#ofRule(rule, declaration, end - performance.now());
          const hint = densityHint(document, placeOf(rule), count);
          if (hint !== undefined) hints.push(hint);
        }
    }
    return hints;
  }

  #ofPattern(declaration: PatternDeclaration, milliseconds: number): Count | undefined {
    if (problemOf(declaration) !== null) return undefined;
    return this.#count(milliseconds, () => {
      const view = viewpointOf(declaration.body ?? declaration);
      const pattern = lower(declaration).rules[0]?.pattern;
      return view === undefined || pattern === undefined ? undefined : { pattern, shape: view.shape };
    });
  }

  #ofRule(rule: AttentionRule, model: ModelDeclaration, milliseconds: number): Count | undefined {
    return this.#count(milliseconds, () => {
      const view = rule.pattern === undefined ? undefined : viewpointOf(rule.pattern);
      if (view === undefined) return undefined;
      const left = lowerPattern(rule.pattern, view.environment);
      const causal: Pattern = { kind: 'primitive', name: 'causal', args: {} };
      const pattern: Pattern = frameOf(model)?.causal === true ? { kind: 'intersection', left, right: causal } : left;
      return { pattern, shape: view.shape };
    });
  }

  #count(
    milliseconds: number,
    subject: () => { readonly pattern: Pattern; readonly shape: Shape } | undefined,
  ): Count | undefined {
    try {
      const found = subject();
      return found === undefined ? undefined : this.#counter.count(found.pattern, found.shape, milliseconds);
    } catch (error) {
      // What has no meaning has no density: the diagnostics say why.
      const isKnown =
        error instanceof LowerError ||
        error instanceof PatternError ||
        error instanceof CompileError ||
        error instanceof RangeError;
      if (isKnown) return undefined;
      throw error;
    }
  }
}

function densityHint(
  document: LangiumDocument,
  place: Place | undefined,
  count: Count | undefined,
): InlayHint | undefined {
  if (place === undefined || count === undefined || count.pairs === null || count.density === null) return undefined;
  const most = count.selects ? 'at most ' : count.error > 0 ? '≈ ' : '';
  const error = count.error > 0 ? ` ± ${grouped(count.error)}` : '';
  return {
    position: document.textDocument.positionAt(place.end),
    label: `${count.selects ? '≤ ' : count.error > 0 ? '≈ ' : ''}${percent(count.density)}`,
    paddingLeft: true,
    tooltip: `Density: ${most}${grouped(count.pairs)}${error} of ${grouped(count.all)} pairs, at ${grouped(count.tokens)} tokens. ${count.complexity}`,
  };
}

/** Names before positional arguments, the first of a call excepted: it speaks for itself. */
function namesIn(
  document: LangiumDocument,
  declaration: PatternDeclaration | ModelDeclaration | { readonly $type: 'Constant' },
  range: Range,
): InlayHint[] {
  if (declaration.$type === 'Constant') return [];
  const hints: InlayHint[] = [];
  for (const node of AstUtils.streamAllContents(declaration, { range }))
    if (isReference(node) && node.arguments.length > 1) hints.push(...namesOf(document, node));
  return hints;
}

function namesOf(document: LangiumDocument, call: Reference): InlayHint[] {
  const formals = formalsOf(call);
  if (formals === undefined) return [];
  return call.arguments.flatMap((argument, index): InlayHint[] => {
    const formal = formals[index];
    const place = placeOf(argument);
    if (index === 0 || formal === undefined || place === undefined || argumentName(argument) !== undefined) return [];
    // `strided(stride, offset)` says it already.
    if (isReference(argument.value) && argument.value.target?.$refText === formal.name) return [];
    const position = document.textDocument.positionAt(place.start);
    return [{ position, label: `${formal.name}:`, kind: InlayHintKind.Parameter, paddingRight: true }];
  });
}

/**
 * Tells the editor to ask again when something else than the text of a file changed: a setting, an imported file, or what
 * was found out since.
 */
export function refreshInlayHints(
  connection: Connection,
  shared: LangiumSharedServices,
  configuration: SparseConfiguration,
  idle: Idle | undefined,
): void {
  let canRefresh = false;
  const refresh = (): void => {
    if (canRefresh) void askAgain(connection, InlayHintRefreshRequest.type);
  };
  shared.lsp.LanguageServer.onInitialize(({ capabilities }) => {
    canRefresh = capabilities.workspace?.inlayHint?.refreshSupport === true;
  });
  configuration.onChange(refresh);
  idle?.onFound(refresh);
  const checked = new Map<string, number>();
  shared.workspace.DocumentBuilder.onDocumentPhase(DocumentState.Validated, document => {
    const uri = document.uri.toString();
    const version = shared.workspace.TextDocuments.get(uri)?.version;
    if (version === undefined) checked.delete(uri);
    else {
      if (checked.get(uri) === version) refresh();
      checked.set(uri, version);
    }
  });
}
