import { type AstNode, AstUtils, type LangiumDocument } from 'langium';
import type { Span } from '../../runtime/pattern/ir.ts';
import { type Declaration, type Import, isDeclaration, isPatternDeclaration, isReference } from '../generated/ast.ts';
import { isLibraryUri, LIBRARY_PREFIX } from '../library.ts';
import { meaningOf } from '../names.ts';
import { documentOf, type Place, placeOf, uriOf } from '../source.ts';
import { checkParameters } from './declarations.ts';
import { ExpressionChecker } from './expression.ts';
import { Findings } from './finding.ts';
import { checkSyntax } from './syntax.ts';

/**
 * Why something that other files declare has no meaning, with the place: `` in "library.sparse", line 3: there is no
 * `windw` ``. `message` and `span` are what its user found out; `from` is the declaration or rule that uses it.
 */
export function reasonElsewhere(from: AstNode, message: string, span: Span | undefined): string | undefined {
  const home = uriOf(from);
  const seen = new Set<AstNode>([from]);
  const documents = new Map<string, LangiumDocument>();
  for (const node of seen) {
    const document = documentOf(node);
    if (document !== undefined && isDeclaration(node) && uriOf(node) !== home) {
      documents.set(uriOf(node), document);
      const mistake = firstMistake(node, document);
      if (mistake !== undefined) return at(document, mistake.place, mistake.message);
    }
    for (const inner of AstUtils.streamAst(node)) {
      if (!isReference(inner)) continue;
      const meaning = meaningOf(inner);
      if (meaning.kind === 'pattern' || meaning.kind === 'constant') seen.add(meaning.node);
    }
  }
  // No mistake by itself: a value that somebody gave it.
  const document = span === undefined ? undefined : documents.get(span.uri);
  return document === undefined || span === undefined ? undefined : at(document, span, message);
}

/** The first mistake of a declaration that can be told without its surroundings. */
function firstMistake(
  declaration: Declaration,
  document: LangiumDocument,
): { readonly place: Place; readonly message: string } | undefined {
  const whole = placeOf(declaration);
  const syntax = new Findings();
  checkSyntax(document, syntax);
  const end = followerOf(declaration) ?? Number.POSITIVE_INFINITY;
  const broken = syntax.list.find(
    ({ place }) => whole !== undefined && place.start >= whole.start && place.start <= end,
  );
  if (broken !== undefined) return broken;
  const findings = new Findings();
  // What could not be imported there is unknown here for another reason than its spelling.
  const missing = new Map<string, Import>();
  for (const statement of declaration.$container.imports)
    for (const { target } of statement.names)
      if (target?.ref === undefined) missing.set(target?.$refText ?? '', statement);
  for (const node of AstUtils.streamAst(declaration)) {
    const name = isReference(node) && meaningOf(node).kind === 'unknown' ? node.target?.$refText : undefined;
    const statement = name === undefined ? undefined : missing.get(name);
    const place = placeOf(node);
    if (statement !== undefined && place !== undefined)
      return { place, message: `\`${name}\` cannot be imported from "${statement.path ?? ''}"` };
  }
  const checker = new ExpressionChecker(findings, new Set());
  if (isPatternDeclaration(declaration)) {
    checkParameters(declaration, findings, checker);
    checker.check(declaration.body, 'pattern', `the pattern \`${declaration.name}\``);
  } else if (declaration.$type === 'Constant')
    checker.check(declaration.value, 'number', `the constant \`${declaration.name}\``);
  return findings.list[0];
}

/** Where the next declaration of the file begins: a missing end is noticed there. */
function followerOf(declaration: Declaration): number | undefined {
  const { declarations } = declaration.$container;
  return placeOf(declarations[declarations.indexOf(declaration) + 1])?.start;
}

function at(document: LangiumDocument, { start }: Place, message: string): string {
  const uri = document.uri.toString();
  const file = document.uri.path.split('/').at(-1) ?? uri;
  const name = isLibraryUri(uri) ? LIBRARY_PREFIX + file.replace(/\.sparse$/, '') : file;
  return `in "${name}", line ${document.textDocument.positionAt(start).line + 1}: ${message}`;
}
