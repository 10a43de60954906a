import { type AstNode, AstUtils, type LangiumDocument } from 'langium';
import { CodeActionKind } from 'vscode-languageserver-types';
import { pairOutside } from '../../runtime/analyse/find-pair.ts';
import { CompileError } from '../../runtime/compile/mask-tree.ts';
import { bindPattern } from '../../runtime/pattern/bind.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { standsAlone } from '../check/declarations.ts';
import type { Edit } from '../check/finding.ts';
import { asOperand, declarationOf, same, shortened, ungrouped } from '../check/mends.ts';
import {
  type Expression,
  isArgument,
  isAttentionRule,
  isExpression,
  isModelDeclaration,
  isNumberLiteral,
  isPatternDeclaration,
  isProperty,
  isReference,
  isWhere,
} from '../generated/ast.ts';
import { fileOf } from '../imports.ts';
import { LowerError } from '../lower/error.ts';
import { lowerPattern } from '../lower/pattern.ts';
import { meaningOf } from '../names.ts';
import { type Place, placeOf, textOf } from '../source.ts';
import { formalsOf, matchArguments, typeOf } from '../types.ts';
import { viewpointOf } from '../viewpoint.ts';

/** Another way to write something, with the same meaning or as its title says. */
export interface Rewrite {
  readonly kind: string;
  readonly title: string;
  readonly edits: readonly Edit[];
}

/** Least letters of an expression that is worth a name when it is repeated. */
const WORTH_NAMING = 8;
const MILLISECONDS = 50;

/** What can be rewritten at a selection, or at the cursor. Nothing in declarations with mistakes in their syntax. */
export function rewritesAt(document: LangiumDocument, place: Place): Rewrite[] {
  const file = fileOf(document);
  if (file === undefined || document.parseResult.parserErrors.length > 0) return [];
  const around = AstUtils.streamAst(file)
    .filter(isExpression)
    .filter(node => contains(placeOf(node), place))
    .toArray();
  return [...around.flatMap(conversions), ...causal(file, place), ...namings(file, around, place)];
}

function contains(outer: Place | undefined, inner: Place): boolean {
  return outer !== undefined && outer.start <= inner.start && inner.end <= outer.end;
}

/** The same window in another convention. */
function conversions(node: AstNode): Rewrite[] {
  if (!isReference(node) || meaningOf(node).kind !== 'primitive') return [];
  const name = node.target.$refText;
  const place = placeOf(node);
  if ((name !== 'window' && name !== 'sliding') || place === undefined) return [];
  const given = new Map<string, Expression>();
  for (const [formal, argument] of matchArguments(node, formalsOf(node) ?? [])) given.set(formal.name, argument.value);
  if (given.size !== node.arguments.length) return [];
  const reach = reachOf(name, given);
  if (reach === undefined) return [];
  const dilation = given.get('dilation');
  const rest = dilation === undefined ? '' : `, dilation: ${textOf(dilation)}`;
  const { before, after } = reach;
  const forms: (string | undefined)[] = [
    before === after ? `window(${twice(before)}${rest})` : undefined,
    before === after ? `window(radius: ${before}${rest})` : undefined,
    `window(before: ${before}, after: ${after}${rest})`,
    // `sliding` leaves no gaps.
    after === '0' && dilation === undefined ? `sliding(${plus(before, 1)})` : undefined,
  ];
  const written = formOf(name, given);
  return forms.flatMap((text, index) =>
    text === undefined || index === written
      ? []
      : [{ kind: CodeActionKind.RefactorRewrite, title: `Write ${shortened(text)}`, edits: [{ place, text }] }],
  );
}

/** Which of the four forms a call has. */
function formOf(name: string, given: ReadonlyMap<string, Expression>): number {
  if (name === 'sliding') return 3;
  return given.has('size') ? 0 : given.has('radius') ? 1 : 2;
}

/** Keys before and after the query, as texts. */
function reachOf(
  name: string,
  given: ReadonlyMap<string, Expression>,
): { readonly before: string; readonly after: string } | undefined {
  const text = (key: string): string | undefined => {
    const expression = given.get(key);
    return expression === undefined ? undefined : numberText(expression);
  };
  const [size, radius, before, after] = [text('size'), text('radius'), text('before'), text('after')];
  if (name === 'sliding') return size === undefined ? undefined : { before: plus(size, -1), after: '0' };
  if (size !== undefined && radius === undefined && before === undefined && after === undefined) {
    const half = halfOf(size);
    return { before: half, after: half };
  }
  if (size !== undefined) return undefined;
  if (radius !== undefined)
    return before === undefined && after === undefined ? { before: radius, after: radius } : undefined;
  return before !== undefined && after !== undefined ? { before, after } : undefined;
}

/** A number as it is written, or its value when it is written out. */
function numberText(expression: Expression): string {
  const inner = ungrouped(expression);
  return isNumberLiteral(inner) ? String(inner.value) : textOf(inner);
}

function isWritten(text: string): boolean {
  return /^\d+$/.test(text);
}

function factor(text: string): string {
  return /^[\w.]+(\([^()]*\))?$/.test(text) ? text : `(${text})`;
}

function halfOf(text: string): string {
  return isWritten(text) ? String(Math.floor(Number(text) / 2)) : `floor(${factor(text)} / 2)`;
}

function twice(text: string): string {
  return isWritten(text) ? String(2 * Number(text)) : `2 * ${factor(text)}`;
}

function plus(text: string, more: 1 | -1): string {
  if (isWritten(text)) return String(Number(text) + more);
  const inverse = more === 1 ? / - 1$/ : / \+ 1$/;
  if (inverse.test(text) && !/[?:<>=&|]/.test(text)) return text.replace(inverse, '');
  const sum = /[?:<>=&|]/.test(text) ? `(${text})` : text;
  return more === 1 ? `${sum} + 1` : `${sum} - 1`;
}

/** Takes the future away from the pattern or rule at the cursor, when it sees any. */
function causal(file: AstNode, place: Place): Rewrite[] {
  const owner = AstUtils.streamAst(file).find(
    node => (isPatternDeclaration(node) || isAttentionRule(node)) && contains(placeOf(node), place),
  );
  const whole = isPatternDeclaration(owner) ? owner.body : isAttentionRule(owner) ? owner.pattern : undefined;
  const at = placeOf(whole);
  if (whole === undefined || at === undefined || !seesFuture(whole)) return [];
  return [
    {
      kind: CodeActionKind.RefactorRewrite,
      title: 'Add & causal()',
      edits: [{ place: at, text: `${asOperand(whole)} & causal()` }],
    },
  ];
}

/** Does a pattern let some query see a later key? False when nobody can tell. */
function seesFuture(whole: Expression): boolean {
  const model = whole.$container?.$container;
  if (isModelDeclaration(model) && model.properties.some(isTrueCausal)) return false;
  const declaration = declarationOf(whole);
  if (isPatternDeclaration(declaration) && !standsAlone(declaration)) return false;
  try {
    const view = viewpointOf(whole);
    if (view === undefined) return false;
    const end = performance.now() + MILLISECONDS;
    const checkpoint = (): void => {
      if (performance.now() > end) throw new CompileError('this takes too long');
    };
    const mask = bindPattern(lowerPattern(whole, view.environment), view.shape);
    const past = bindPattern({ kind: 'primitive', name: 'causal', args: {} }, view.shape);
    return pairOutside(mask, past, view.shape, { checkpoint }) !== undefined;
  } catch (error) {
    const known = [LowerError, PatternError, CompileError, RangeError].some(kind => error instanceof kind);
    if (known) return false;
    throw error;
  }
}

function isTrueCausal(property: AstNode): boolean {
  return isProperty(property) && property.name === 'causal' && textOf(property.value) === 'true';
}

/** A name for what is selected, or for what stands at the cursor and elsewhere too. */
function namings(file: AstNode, around: readonly Expression[], place: Place): Rewrite[] {
  const selected = place.start < place.end;
  const candidates = around.filter(node => (selected ? same(placeOf(node), place) : isShort(node)));
  if (candidates.length === 0) return [];
  const byText = expressionsByText(file);
  for (const node of candidates) {
    const rewrite = naming(node, selected, byText);
    // The widest repeated expression is the one to name.
    if (rewrite !== undefined) return [rewrite];
  }
  return [];
}

/** Characters of an expression that is looked for elsewhere: an expression in which thousands are nested is no name's worth. */
const LONGEST_REPEATED = 500;

function isShort(node: Expression): boolean {
  const place = placeOf(node);
  return place !== undefined && place.end - place.start <= LONGEST_REPEATED;
}

/** The short expressions of a file by what they say. */
function expressionsByText(file: AstNode): ReadonlyMap<string, readonly Expression[]> {
  const byText = new Map<string, Expression[]>();
  for (const node of AstUtils.streamAst(file)) {
    if (!isExpression(node) || !isShort(node)) continue;
    const key = sayingOf(node);
    const equal = byText.get(key);
    if (equal === undefined) byText.set(key, [node]);
    else equal.push(node);
  }
  return byText;
}

function sayingOf(node: Expression): string {
  return `${node.$type} ${tokensOf(textOf(node))}`;
}

function naming(
  node: Expression,
  selected: boolean,
  byText: ReadonlyMap<string, readonly Expression[]>,
): Rewrite | undefined {
  const type = typeInContext(node);
  if (type === undefined) return undefined;
  const owner = declarationOf(node);
  const start = placeOf(owner)?.start;
  const root = owner?.$container;
  if (owner === undefined || start === undefined || root === undefined) return undefined;
  const text = textOf(node);
  const equal = (byText.get(sayingOf(node)) ?? [node]).filter(other => typeInContext(other) === type);
  if (!selected && (equal.length < 2 || text.length < WORTH_NAMING)) return undefined;
  const name = freshName(root, type);
  const all = selected && equal.length === 1 ? [node] : equal;
  const kindWord = type === 'pattern' ? 'pattern' : 'const';
  const title =
    all.length > 1
      ? `Name ${shortened(text)} (${all.length} times) as a ${type === 'pattern' ? 'pattern' : 'constant'}`
      : `Extract to a ${type === 'pattern' ? 'pattern' : 'constant'}`;
  const first = Math.min(start, ...all.flatMap(other => placeOf(declarationOf(other))?.start ?? []));
  return {
    kind: CodeActionKind.RefactorExtract,
    title,
    edits: [
      { place: { start: first, end: first }, text: `${kindWord} ${name} = ${text}\n\n` },
      ...all.flatMap(other => {
        const at = placeOf(other);
        return at === undefined ? [] : [{ place: at, text: name }];
      }),
    ],
  };
}

/** `pattern` or `number` for an expression that means the same everywhere in the file; undefined otherwise. */
function typeInContext(node: Expression): 'pattern' | 'number' | undefined {
  const type = typeOf(node);
  if (type !== 'pattern' && type !== 'number') return undefined;
  // A whole declaration has a name already.
  const parent = node.$container;
  if (isPatternDeclaration(parent) && parent.body === node) return undefined;
  if (parent?.$type === 'Constant') return undefined;
  if (isReference(node) && !node.call) return undefined;
  if (isWhere(node) && parent !== undefined && !isArgument(parent)) return type;
  const bound = AstUtils.streamAst(node).some(each => {
    if (!isReference(each)) return false;
    const meaning = meaningOf(each);
    // `n` counts blocks inside `blocked`; names that differ from place to place cannot become constants.
    return (
      meaning.kind === 'parameter' ||
      (meaning.kind === 'binder' && !isInside(meaning.node, node)) ||
      meaning.kind === 'unknown' ||
      (type === 'number' && meaning.kind === 'shape')
    );
  });
  if (bound) return undefined;
  return type;
}

function isInside(inner: AstNode, outer: AstNode): boolean {
  for (let current: AstNode | undefined = inner; current !== undefined; current = current.$container)
    if (current === outer) return true;
  return false;
}

/** A text without white space and comments between its words. */
function tokensOf(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n\r]*/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([^\w" ]) ?/g, '$1')
    .trim();
}

function freshName(root: AstNode, type: 'pattern' | 'number'): string {
  const base = type === 'pattern' ? 'part' : 'size';
  const taken = new Set<string>();
  for (const node of AstUtils.streamAst(root)) {
    if ('name' in node && typeof node.name === 'string') taken.add(node.name);
    if (isReference(node)) taken.add(node.target.$refText);
  }
  if (!taken.has(base)) return base;
  for (let count = 2; ; count++) if (!taken.has(`${base}_${count}`)) return `${base}_${count}`;
}
