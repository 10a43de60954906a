import type { AstNode } from 'langium';
import type { Primitive } from '../../runtime/pattern/primitive.ts';
import type { Binary, Declaration, Expression, ModelDeclaration, Reference } from '../generated/ast.ts';
import { isBinary, isChoice, isDeclaration, isGroup, isWhere } from '../generated/ast.ts';
import { type Place, placeOf, placeOfProperty, textOf } from '../source.ts';
import { type Formal, type SparseType, typeOf } from '../types.ts';
import type { Mend, Related } from './finding.ts';
import { nearest } from './spelling.ts';

/** A pattern to begin with, where somebody has to say what they want. */
const FIRST_PATTERN = 'window(512)';

/** Replaces what stands at a place. */
export function replacing(place: Place | undefined, text: string, title: string, preferred = false): Mend | undefined {
  return place === undefined ? undefined : { title, edits: [{ place, text }], preferred };
}

/** Puts a text before an offset. */
function inserting(offset: number, text: string, title: string, preferred = false): Mend {
  return { title, edits: [{ place: { start: offset, end: offset }, text }], preferred };
}

/** Changes a mistyped name to the nearest one. */
export function respelling(name: string, candidates: Iterable<string>, place: Place | undefined): Mend | undefined {
  const near = nearest(name, candidates);
  return near === undefined ? undefined : replacing(place, near, `Change to \`${near}\``, true);
}

/** The place as an explanation. */
export function related(place: Place | undefined, message: string): Related | undefined {
  return place === undefined ? undefined : { place, message };
}

/** Rounds a number that has to be whole. */
export function rounding(expression: string, place: Place): Mend[] {
  return ['floor', 'ceil'].map(name => ({
    title: `Round ${name === 'floor' ? 'down' : 'up'} with ${name}`,
    edits: [{ place, text: `${name}(${expression})` }],
  }));
}

/** Declares a pattern that is called but not there, with the parameters of the call. */
export function creating(reference: Reference, name: string): Mend | undefined {
  const owner = placeOf(declarationOf(reference));
  if (owner === undefined) return undefined;
  const names = new Set<string>();
  const parameters = reference.arguments.map((argument, index) => {
    const wanted = argument.parameter?.$refText ?? PARAMETER_NAMES[index] ?? `p${index + 1}`;
    const own = names.has(wanted) ? `p${index + 1}` : wanted;
    names.add(own);
    const type = typeOf(argument.value);
    return type === 'unknown' || type === 'condition' ? own : `${own}: ${type}`;
  });
  const list = parameters.length === 0 ? '' : `(${parameters.join(', ')})`;
  return inserting(owner.start, `pattern ${name}${list} = ${FIRST_PATTERN}\n\n`, `Create pattern \`${name}\``);
}

const PARAMETER_NAMES: readonly string[] = ['a', 'b', 'c', 'd'];

const VALUES: Readonly<Partial<Record<SparseType, string>>> = {
  number: '1',
  bool: 'false',
  positions: '[0]',
  values: '1',
  string: '""',
  pattern: 'full()',
};

/** Adds the arguments that a call lacks: those of the documented example, else plain values. */
export function addingArguments(
  reference: Reference,
  missing: readonly Formal[],
  primitive: Primitive | undefined,
): Mend | undefined {
  const place = placeOf(reference);
  if (place === undefined) return undefined;
  if (primitive !== undefined && reference.arguments.length === 0)
    return replacing(place, primitive.example, `Write ${primitive.example}`, true);
  const texts = missing.map(({ name, type }) => `${name}: ${VALUES[type] ?? '1'}`);
  return addingText(reference, texts.join(', '));
}

/** Adds one named argument at the end of a call. */
export function addingText(reference: Reference, text: string): Mend | undefined {
  const place = placeOf(reference);
  if (place === undefined) return undefined;
  const last = placeOf(reference.arguments.at(-1));
  const title = `Add ${text}`;
  if (last !== undefined) return inserting(last.end, `, ${text}`, title, true);
  const name = placeOfProperty(reference, 'target');
  return name === undefined
    ? undefined
    : replacing({ start: name.start, end: place.end }, `${reference.target.$refText}(${text})`, title, true);
}

/** Takes one item out of a list whose items stand between commas, and a comma with it. */
export function removingItem(items: readonly AstNode[], index: number): Mend | undefined {
  const [before, own, after] = [index - 1, index, index + 1].map(at => placeOf(items[at]));
  const item = items[index];
  if (own === undefined || item === undefined) return undefined;
  const start = before?.end ?? own.start;
  const end = before === undefined && after !== undefined ? after.start : own.end;
  return replacing({ start, end }, '', `Remove ${shortened(textOf(item))}`, true);
}

/** Puts the name of its parameter before an argument. */
export function naming(value: Place | undefined, name: string): Mend | undefined {
  return value === undefined ? undefined : inserting(value.start, `${name}: `, `Add ${name}:`, true);
}

/** Gives every head a pattern that no rule reaches: the new rule comes first, so that the others override it. */
export function addingRule(model: ModelDeclaration): Mend | undefined {
  const [first] = model.rules;
  const start = placeOf(first)?.start;
  const line = `attention = ${FIRST_PATTERN}`;
  const title = `Add ${line}`;
  if (start !== undefined) return inserting(start, `${line}\n${indentAt(model, start)}`, title, true);
  return addingProperty(model, line, title);
}

/** Adds a line to a model. */
export function addingProperty(model: ModelDeclaration, line: string, title = `Add ${line}`): Mend | undefined {
  const place = placeOf(model);
  const last = placeOf(model.properties.at(-1));
  if (place === undefined) return undefined;
  if (last !== undefined) {
    const start = placeOf(model.properties.at(-1))?.start ?? last.end;
    return inserting(last.end, `\n${indentAt(model, start)}${line}`, title, true);
  }
  const rule = placeOf(model.rules[0])?.start;
  if (rule !== undefined) return inserting(rule, `${line}\n${indentAt(model, rule)}`, title, true);
  return inserting(place.end - 1, `\n  ${line}\n`, title, true);
}

/** The blanks before the first word of the line. */
function indentAt(node: AstNode, offset: number): string {
  const text = node.$cstNode?.root.fullText ?? '';
  const line = text.lastIndexOf('\n', offset - 1) + 1;
  const blanks = /^[ \t]*/.exec(text.slice(line, offset))?.[0] ?? '';
  return line + blanks.length === offset ? blanks : '  ';
}

/** Takes a node out together with its line, when nothing else stands there. */
export function removing(node: AstNode, title: string): Mend | undefined {
  const place = placeOf(node);
  const text = node.$cstNode?.root.fullText;
  if (place === undefined || text === undefined) return undefined;
  const line = text.lastIndexOf('\n', place.start - 1) + 1;
  const alone = text.slice(line, place.start).trim() === '';
  const rest = /^[ \t]*(\r?\n|$)/.exec(text.slice(place.end));
  if (alone && rest !== null) return replacing({ start: line, end: place.end + rest[0].length }, '', title, true);
  return replacing(
    { start: place.start, end: place.end + (/^[ \t]+/.exec(text.slice(place.end))?.[0].length ?? 0) },
    '',
    title,
    true,
  );
}

/** Takes one operand out of a union, intersection or difference. */
export function removingOperand(within: AstNode, operand: Place, nodes: Iterable<AstNode>): Mend | undefined {
  const name = shortened(textAt(within, operand));
  for (const node of nodes) {
    if (!isBinary(node)) continue;
    const left = placeOf(node.left);
    const right = placeOf(node.right);
    if (left === undefined || right === undefined) continue;
    const title = `Remove ${name}`;
    if (same(placeOf(ungrouped(node.left)), operand))
      return replacing({ start: left.start, end: right.start }, '', title, true);
    if (same(placeOf(ungrouped(node.right)), operand))
      return replacing({ start: left.end, end: right.end }, '', title, true);
  }
  return undefined;
}

/** Takes the future away from a pattern. */
export function makingCausal(expression: Expression): Mend | undefined {
  const place = placeOf(expression);
  if (place === undefined) return undefined;
  return replacing(place, `${asOperand(expression)} & causal()`, 'Add & causal()', true);
}

/** The text of an expression as an operand of `&`. */
export function asOperand(expression: Expression): string {
  const text = textOf(expression);
  const loose = (isBinary(expression) && expression.operator !== '&') || isChoice(expression) || isWhere(expression);
  return loose ? `(${text})` : text;
}

/** a < b < c as a < b && b < c. */
export function unchaining(chain: Binary): Mend | undefined {
  const { left, operator, right } = chain;
  const place = placeOf(chain);
  if (!isBinary(left) || place === undefined) return undefined;
  const text = `${textOf(left)} && ${textOf(left.right)} ${operator} ${textOf(right)}`;
  return replacing(place, text, `Write ${shortened(text)}`, true);
}

export function ungrouped(expression: Expression): Expression {
  let inner = expression;
  while (isGroup(inner) && inner.of !== undefined) inner = inner.of;
  return inner;
}

/** The declaration around a node. */
export function declarationOf(node: AstNode): Declaration | undefined {
  for (let current: AstNode | undefined = node; current !== undefined; current = current.$container)
    if (isDeclaration(current)) return current;
  return undefined;
}

export function textAt(node: AstNode, { start, end }: Place): string {
  return (node.$cstNode?.root.fullText ?? '').slice(start, end);
}

/** A text of the file in one short line. */
export function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length <= 40 ? line : `${line.slice(0, 37)}...`;
}

export function same(a: Place | undefined, b: Place | undefined): boolean {
  return a !== undefined && b !== undefined && a.start === b.start && a.end === b.end;
}
