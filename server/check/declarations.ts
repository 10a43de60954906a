import { type AstNode, AstUtils } from 'langium';
import type { Declaration, File, ImportName, Parameter, PatternDeclaration, Reference } from '../generated/ast.ts';
import { isConstant, isProperty, isReference } from '../generated/ast.ts';
import { referencesIn } from '../linker.ts';
import { builtIn, type Meaning, meaningOf } from '../names.ts';
import { type Place, placeOfProperty } from '../source.ts';
import { isTypeName, parameterType, TYPE_NAMES } from '../types.ts';
import type { ExpressionChecker } from './expression.ts';
import type { Findings } from './finding.ts';
import { related, respelling } from './mends.ts';
import { suggestion } from './spelling.ts';

const KIND_WORDS: Readonly<Record<Declaration['$type'], string>> = {
  Constant: 'constant',
  PatternDeclaration: 'pattern',
  ModelDeclaration: 'model',
};

/** Every name is declared once, and none takes a name of the language. */
export function checkNames(file: File, findings: Findings): void {
  const seen = new Map<string, { readonly kind: string; readonly place: () => Place | undefined }>();
  const check = (node: Declaration | ImportName, property: string, name: string | undefined, kind: string): void => {
    if (name === undefined || name === '') return;
    const meaning = builtIn(name);
    const declared = node.$type === 'ImportName' ? node.target?.ref : node;
    if (meaning.kind !== 'unknown' && !(isConstant(declared) && needsArguments(meaning))) {
      const { kind: of } = meaning;
      const taken = of === 'primitive' ? 'a primitive' : of === 'function' ? 'a function' : 'a name';
      findings.atProperty(
        node,
        property,
        'reserved-name',
        `\`${name}\` is ${taken} of the language; choose another name`,
      );
      return;
    }
    const before = seen.get(name);
    if (before !== undefined)
      findings.atProperty(
        node,
        property,
        'duplicate-name',
        `\`${name}\` is already the name of ${before.kind} in this file`,
        { related: [related(before.place(), `the other \`${name}\``)] },
      );
    else seen.set(name, { kind, place: () => placeOfProperty(node, property) });
  };
  for (const statement of file.imports)
    for (const item of statement.names) check(item, 'target', item.target?.$refText, 'an import');
  for (const declaration of file.declarations)
    check(declaration, 'name', declaration.name, `a ${KIND_WORDS[declaration.$type]}`);
}

/** A primitive that never stands without arguments leaves its bare name free for a constant. */
function needsArguments(meaning: Meaning): boolean {
  return (
    meaning.kind === 'primitive' &&
    meaning.primitive.parameters.some(({ default: value, optional }) => value === undefined && optional !== true)
  );
}

/** Parameters: distinct names, known types, defaults that fit. */
export function checkParameters(declaration: PatternDeclaration, findings: Findings, checker: ExpressionChecker): void {
  const seen = new Set<string>();
  for (const [index, parameter] of declaration.parameters.entries()) {
    if (parameter.name === undefined) continue;
    if (seen.has(parameter.name))
      findings.atProperty(parameter, 'name', 'duplicate-name', `there are two parameters \`${parameter.name}\``);
    seen.add(parameter.name);
    if (parameter.type !== undefined && !isTypeName(parameter.type))
      findings.atProperty(
        parameter,
        'type',
        'unknown-type',
        `there is no type \`${parameter.type}\`${suggestion(parameter.type, TYPE_NAMES) || `; the types are ${TYPE_NAMES.join(', ')}`}`,
        { mends: [respelling(parameter.type, TYPE_NAMES, placeOfProperty(parameter, 'type'))] },
      );
    checkDefault(declaration, parameter, index, findings);
    checker.check(parameter.default, parameterType(parameter), `${parameter.name} of ${declaration.name}`);
  }
}

/** A default may use the parameters before it: the others have no value yet. */
function checkDefault(declaration: PatternDeclaration, parameter: Parameter, index: number, findings: Findings): void {
  if (parameter.default === undefined) return;
  for (const node of AstUtils.streamAst(parameter.default)) {
    if (!isReference(node)) continue;
    const meaning = meaningOf(node);
    if (meaning.kind === 'parameter' && declaration.parameters.indexOf(meaning.node) >= index)
      findings.atProperty(
        node,
        'target',
        'parameter-order',
        `the default of \`${parameter.name}\` can use only the parameters before it, not \`${meaning.node.name}\``,
      );
  }
}

/** Patterns and constants that reach themselves: one message for each circle, at the use that closes it. */
export function checkRecursion(file: File, findings: Findings): void {
  const done = new Set<AstNode>();
  for (const start of file.declarations) {
    const path: Declaration[] = [];
    const visit = (declaration: Declaration): void => {
      if (done.has(declaration)) return;
      path.push(declaration);
      for (const { target, at } of usesOf(declaration)) {
        const from = path.indexOf(target);
        if (from < 0) {
          visit(target);
          continue;
        }
        const names = [...path.slice(from), target].map(({ name }) => name);
        findings.atProperty(
          at,
          'target',
          'recursion',
          names.length === 2
            ? `\`${names[0]}\` uses itself; patterns and constants cannot be recursive`
            : `\`${names[0]}\` reaches itself: ${names.join(' -> ')}`,
        );
      }
      path.pop();
      done.add(declaration);
    };
    visit(start);
  }
}

/** A use of a declaration of the same file. */
interface Use {
  readonly target: Declaration;
  readonly at: AstNode;
}

/** What was found out about declarations, until some document is linked anew: it is asked again and again. */
let known = new WeakMap<
  Declaration,
  {
    uses?: readonly Use[];
    reached?: ReadonlySet<Declaration>;
    unknown?: boolean;
    footing?: { readonly name: string | undefined };
  }
>();

/** To be called before and after documents are linked again. */
export function forgetUses(): void {
  known = new WeakMap();
}

/** What was found out about a declaration so far. */
export function knownOf(declaration: Declaration) {
  const before = known.get(declaration);
  if (before !== undefined) return before;
  const fresh = {};
  known.set(declaration, fresh);
  return fresh as NonNullable<ReturnType<typeof known.get>>;
}

/** The declarations of the same file that a declaration uses, and where. */
export function usesOf(declaration: Declaration): readonly Use[] {
  const own = knownOf(declaration);
  own.uses ??= findUses(declaration);
  return own.uses;
}

function findUses(declaration: Declaration): Use[] {
  const uses: Use[] = [];
  for (const node of namesIn(declaration)) {
    const meaning = meaningOf(node);
    if (meaning.kind !== 'pattern' && meaning.kind !== 'constant') continue;
    if (meaning.node.$container === declaration.$container) uses.push({ target: meaning.node, at: node });
  }
  return uses;
}

/** The names in the expressions of a declaration. */
function namesIn(declaration: Declaration): Reference[] {
  return referencesIn(declaration)
    .map(({ container }) => container)
    .filter(isReference);
}

/** The file's declarations that are reached from one, itself included. */
export function reachedFrom(declaration: Declaration): ReadonlySet<Declaration> {
  const own = knownOf(declaration);
  if (own.reached !== undefined) return own.reached;
  const reached = new Set<Declaration>([declaration]);
  for (const current of reached) for (const { target } of usesOf(current)) reached.add(target);
  own.reached = reached;
  return reached;
}

/** Can a pattern be bound as it is, because every parameter has a default? */
export function standsAlone(declaration: PatternDeclaration): boolean {
  return declaration.parameters.every(({ default: value }) => value !== undefined);
}

/** Does a declaration use names that nothing declares? Words such as `align = end` are no names. */
export function usesUnknownNames(declaration: Declaration): boolean {
  const own = knownOf(declaration);
  own.unknown ??= namesIn(declaration).some(node => !isProperty(node.$container) && meaningOf(node).kind === 'unknown');
  return own.unknown;
}

/** Does a declaration use declarations of other files? */
export function usesOtherFiles(declaration: Declaration): boolean {
  return namesIn(declaration).some(node => {
    const meaning = meaningOf(node);
    return (
      (meaning.kind === 'pattern' || meaning.kind === 'constant') && meaning.node.$container !== declaration.$container
    );
  });
}
