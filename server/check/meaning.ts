import { type AstNode, AstUtils } from 'langium';
import { bindCandidates } from '../../runtime/pattern/bind.ts';
import type { Argument, Pattern, PositionItem, Span } from '../../runtime/pattern/ir.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { isUniform } from '../../runtime/pattern/reads.ts';
import { type Shape, squareShape } from '../../runtime/pattern/shape.ts';
import {
  type Declaration,
  type Expression,
  type File,
  isChoice,
  isList,
  isListItem,
  isPatternDeclaration,
  isReference,
  type ModelDeclaration,
  type PatternDeclaration,
  type Reference,
} from '../generated/ast.ts';
import { outermost } from '../lower/environment.ts';
import { LowerError } from '../lower/error.ts';
import { defaultsOf, lowerDeclaration, lowerPattern } from '../lower/pattern.ts';
import { meaningOf } from '../names.ts';
import { type Place, placeOf, uriOf } from '../source.ts';
import { argumentName } from '../types.ts';
import { USUAL_TOKENS } from '../viewpoint.ts';
import { knownCode } from './codes.ts';
import { reachedFrom, standsAlone } from './declarations.ts';
import { reasonElsewhere } from './elsewhere.ts';
import type { Findings, Mend } from './finding.ts';
import { footingOf } from './footing.ts';
import type { Memory } from './memory.ts';
import { addingText, rounding, same, textAt } from './mends.ts';
import type { ReadModel } from './model.ts';

/** Most (layer, head) pairs that are tried for one rule. */
const MOST_HEADS = 4096;

/**
 * Gives well-formed declarations their meaning and reports the values that have none. `isSound` tells which
 * declarations, with all that they use, have no mistakes so far.
 */
export function checkMeaning(
  file: File,
  models: ReadonlyMap<ModelDeclaration, ReadModel>,
  isSound: (declaration: Declaration) => boolean,
  memory: Memory,
  findings: Findings,
): void {
  const tokens = tokensOfUsers(models);
  for (const declaration of file.declarations) {
    if (!isPatternDeclaration(declaration) || !isSound(declaration)) continue;
    const own = tokens.get(declaration) ?? USUAL_TOKENS;
    const footing = footingOf(declaration);
    memory.recall('meaning', declaration, footing && `${footing}at ${own}`, findings, found =>
      new MeaningChecker(file, found).pattern(declaration, own),
    );
  }
  for (const [declaration, model] of models)
    if (isSound(declaration))
      memory.recall('meaning', declaration, footingOf(declaration), findings, found =>
        new MeaningChecker(file, found).model(model),
      );
}

/** Tokens of the first model of the file that uses a declaration. */
function tokensOfUsers(models: ReadonlyMap<ModelDeclaration, ReadModel>): ReadonlyMap<Declaration, number> {
  const tokens = new Map<Declaration, number>();
  for (const [model, { frame }] of models)
    for (const reached of frame.tokens === null ? [] : reachedFrom(model))
      if (!tokens.has(reached)) tokens.set(reached, frame.tokens ?? USUAL_TOKENS);
  return tokens;
}

class MeaningChecker {
  readonly #findings: Findings;
  readonly #file: File;

  constructor(file: File, findings: Findings) {
    this.#file = file;
    this.#findings = findings;
  }

  pattern(declaration: PatternDeclaration, tokens: number): void {
    const shape = squareShape(tokens);
    if (standsAlone(declaration)) {
      const error = problem(() => lowerDeclaration(declaration, outermost()), [shape]);
      if (error === undefined) return;
      if (!error.dependsOnTokens) this.#report(error, declaration);
      const environment = defaultsOf(declaration, outermost());
      this.#others(declaration.body, error, declaration, node =>
        withoutLength(problem(() => lowerPattern(node, environment), [shape])),
      );
      return;
    }
    // Without its arguments only the calls that do not depend on them can be looked at.
    // A file that is half read may have lost the body.
    const { body } = declaration as Partial<PatternDeclaration>;
    for (const node of body === undefined ? [] : AstUtils.streamAst(body)) {
      if (!isReference(node) || meaningOf(node).kind !== 'primitive' || dependsOnSurroundings(node)) continue;
      const error = withoutLength(problem(() => lowerPattern(node, outermost()), [shape]));
      if (error !== undefined) this.#report(error, declaration);
    }
  }

  /** The first mistake hides all others: looks for one in each other call of a primitive. */
  #others(
    whole: Expression | undefined,
    first: Problem,
    scope: Declaration | ReadModel['rules'][number]['rule'],
    problemOf: (node: Reference) => Problem | undefined,
  ): void {
    if (whole === undefined) return;
    const told = new Set([keyOf(first.span)]);
    for (const node of AstUtils.streamAst(whole)) {
      if (!isReference(node) || meaningOf(node).kind !== 'primitive' || isElsewhere(node, whole)) continue;
      const error = problemOf(node);
      if (error === undefined || told.has(keyOf(error.span))) continue;
      told.add(keyOf(error.span));
      this.#report(error, scope);
    }
  }

  model({ frame, rules }: ReadModel): void {
    const { tokens } = frame;
    if (tokens === null) return;
    const queries = frame.queries ?? tokens;
    const offset = frame.align === 'end' ? tokens - queries : 0;
    for (const { rule, layers, heads } of rules) {
      const shapes: Shape[] = [];
      for (const layer of layers)
        for (const head of heads)
          if (shapes.length < MOST_HEADS)
            shapes.push({ tokens, queries, offset, head, heads: frame.heads, layer, layers: frame.layers });
      const error = problem(() => lowerPattern(rule.pattern, outermost()), shapes);
      if (error === undefined) continue;
      const { span } = error;
      const inRule = placeOf(rule);
      if (span !== undefined && span.uri === uriOf(rule) && inRule !== undefined && !within(span, inRule)) {
        // The mistake stands in a pattern of this file: when it is there without the rule's arguments, it belongs there.
        const owner = this.#file.declarations.find(other => within(span, placeOf(other) ?? { start: 0, end: 0 }));
        if (isPatternDeclaration(owner) && standsAlone(owner)) {
          const own = problem(() => lowerDeclaration(owner, outermost()), shapes);
          if (own?.span?.start === span.start && own.span.end === span.end) {
            this.#report(own, owner);
            continue;
          }
        }
      }
      this.#report(error, rule);
      this.#others(rule.pattern, error, rule, node => problem(() => lowerPattern(node, outermost()), shapes));
    }
  }

  /** Puts the error at its own place when that is inside `scope`, else at the call that leads to it. */
  #report(error: Problem, scope: Declaration | ReadModel['rules'][number]['rule']): void {
    const uri = uriOf(scope);
    const whole = placeOf(scope);
    const inside = (span: Span | undefined): span is Span =>
      span !== undefined && whole !== undefined && span.uri === uri && within(span, whole);
    const path = error.pattern === undefined ? [] : pathTo(error.pattern, error.span);
    // The first step into a declared pattern is its own name, which is no call.
    const calls = scope.$type === 'PatternDeclaration' ? path.slice(1) : path;
    const place = inside(error.span)
      ? narrowed(error, scope)
      : (calls.find(inside) ??
        placeOf(importedUse(scope)) ??
        (scope.$type === 'AttentionRule' ? placeOf(scope.pattern) : whole));
    const message = inside(error.span) ? undefined : reasonElsewhere(scope, error.message, error.span);
    this.#findings.add(knownCode(error.code), message ?? error.message, place, {
      mends: inside(error.span) ? valueMends(error, error.span, scope) : [],
      fleeting: message !== undefined,
    });
  }
}

/** What can be written instead of a value that cannot be. */
function valueMends({ code }: Problem, span: Place, scope: AstNode): (Mend | undefined)[] {
  if (code === 'argument-integer') return rounding(textAt(scope, span), span);
  const call = AstUtils.streamAst(scope).find(node => isReference(node) && same(placeOf(node), span));
  if (code !== 'argument-range' || !isReference(call) || call.target.$refText !== 'window') return [];
  const given = new Set(call.arguments.map(argumentName));
  const missing = given.has('before') ? 'after' : given.has('after') ? 'before' : undefined;
  if (missing !== undefined) return given.has(missing) ? [] : [addingText(call, `${missing}: 0`)];
  return call.arguments.length === 0 ? [addingText(call, 'size: 512')] : [];
}

/** The first use of a declaration of another file. */
function importedUse(scope: AstNode): Reference | undefined {
  const found = AstUtils.streamAst(scope).find(
    node => isReference(node) && isPatternDeclaration(node.target?.ref) && uriOf(node.target.ref) !== uriOf(scope),
  );
  return isReference(found) ? found : undefined;
}

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly span: Span | undefined;
  readonly dependsOnTokens: boolean;
  readonly pattern: Pattern | undefined;
  readonly shape: Shape | undefined;
}

/** The first reason why a pattern has no meaning at some of the shapes. */
function problem(lowered: () => Pattern, shapes: readonly Shape[]): Problem | undefined {
  let pattern: Pattern | undefined;
  let current: Shape | undefined;
  try {
    pattern = lowered();
    const varies = !isUniform(pattern);
    for (const shape of varies ? shapes : shapes.slice(0, 1)) {
      current = shape;
      // Patterns that select by content have no mask yet, but their arguments have a meaning.
      bindCandidates(pattern, shape);
    }
    return undefined;
  } catch (error) {
    if (error instanceof LowerError)
      return {
        code: error.code,
        message: error.message,
        span: error.span,
        dependsOnTokens: false,
        pattern,
        shape: current,
      };
    if (error instanceof PatternError) {
      const { code, message, span, dependsOnTokens } = error;
      return { code, message, span, dependsOnTokens, pattern, shape: current };
    }
    throw error;
  }
}

/** A mistake of the pattern itself: with another length it would be there, too. */
function withoutLength(error: Problem | undefined): Problem | undefined {
  return error?.dependsOnTokens === true ? undefined : error;
}

/** Is it looked at somewhere else than the expression around it: on a grid of blocks, or only when a condition holds? */
function isElsewhere(node: AstNode, whole: AstNode): boolean {
  for (let outer = node; outer !== whole && outer.$container !== undefined; ) {
    outer = outer.$container;
    if (isChoice(outer)) return true;
    if (!isReference(outer)) continue;
    const meaning = meaningOf(outer);
    if (meaning.kind === 'pattern') return true;
    if (meaning.kind === 'primitive' && meaning.primitive.parameters.some(({ onGrid }) => onGrid)) return true;
  }
  return false;
}

function keyOf(span: Span | undefined): string {
  return span === undefined ? '' : `${span.uri} ${span.start} ${span.end}`;
}

function within(inner: Place, outer: Place): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

/** Does a call use parameters or `where` variables that have no value of their own? */
function dependsOnSurroundings(reference: Reference): boolean {
  return AstUtils.streamAst(reference).some(node => isReference(node) && meaningOf(node).kind === 'parameter');
}

/** Of a long list, the one position that is wrong. */
function narrowed(error: Problem, scope: Declaration | { readonly $type: 'AttentionRule' }): Place | undefined {
  const { span, shape } = error;
  if (span === undefined || error.pattern === undefined || shape === undefined || !('$cstNode' in scope)) return span;
  const argument = argumentAt(error.pattern, span);
  if (argument?.type !== 'positions') return span;
  const list = AstUtils.streamAst(scope).find(node => {
    const place = isList(node) ? placeOf(node) : undefined;
    return place?.start === span.start && place.end === span.end;
  });
  if (!isList(list) || list.items.length !== argument.items.length) return span;
  for (const [index, item] of argument.items.entries()) {
    const alone = withItems(error.pattern, span, [item]);
    if (problem(() => alone, [shape])?.code !== error.code) continue;
    const node = list.items[index];
    return isListItem(node) ? placeOf(node) : span;
  }
  return span;
}

/** The pattern with another list in the place of the one at a span. */
function withItems(pattern: Pattern, { start, end }: Span, items: readonly PositionItem[]): Pattern {
  return JSON.parse(JSON.stringify(pattern), (_, value: unknown) => {
    const argument = value as Argument | null;
    const isIt =
      typeof argument === 'object' &&
      argument?.type === 'positions' &&
      argument.span?.start === start &&
      argument.span.end === end;
    return isIt ? { ...argument, items } : value;
  });
}

/** The calls and arguments on the way from a pattern to the place of a mistake, outermost first. */
export function pathTo(pattern: Pattern, span: Span | undefined): Span[] {
  if (span === undefined) return [];
  const same = (other: Span | undefined): boolean =>
    other !== undefined && other.uri === span.uri && other.start === span.start && other.end === span.end;
  const search = (current: Pattern): Span[] | undefined => {
    if (same(current.span)) return [];
    const below = (next: Pattern): Span[] | undefined => {
      const rest = search(next);
      return rest === undefined ? undefined : current.span === undefined ? rest : [current.span, ...rest];
    };
    switch (current.kind) {
      case 'named':
        return below(current.pattern);
      case 'union':
      case 'intersection':
      case 'difference': {
        // Operators are no calls: only what is called leads somewhere.
        return search(current.left) ?? search(current.right);
      }
      case 'complement':
        return search(current.of);
      case 'choose':
        return search(current.then) ?? search(current.otherwise);
      case 'primitive':
        for (const argument of Object.values(current.args)) {
          if (same(argument.span)) return current.span === undefined ? [] : [current.span];
          const found = argument.type === 'pattern' ? below(argument.value) : undefined;
          if (found !== undefined) return found;
        }
        return undefined;
      case 'where':
        return undefined;
    }
  };
  return search(pattern) ?? [];
}

function argumentAt(pattern: Pattern, span: Span): Argument | undefined {
  switch (pattern.kind) {
    case 'named':
      return argumentAt(pattern.pattern, span);
    case 'union':
    case 'intersection':
    case 'difference':
      return argumentAt(pattern.left, span) ?? argumentAt(pattern.right, span);
    case 'complement':
      return argumentAt(pattern.of, span);
    case 'choose':
      return argumentAt(pattern.then, span) ?? argumentAt(pattern.otherwise, span);
    case 'primitive':
      for (const argument of Object.values(pattern.args)) {
        if (argument.span?.start === span.start && argument.span.end === span.end) return argument;
        const found = argument.type === 'pattern' ? argumentAt(argument.value, span) : undefined;
        if (found !== undefined) return found;
      }
      return undefined;
    case 'where':
      return undefined;
  }
}
