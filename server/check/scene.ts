import type { AstNode } from 'langium';
import { AstUtils } from 'langium';
import type { Pattern, Span } from '../../runtime/pattern/ir.ts';
import { isUniform } from '../../runtime/pattern/reads.ts';
import { type Shape, squareShape } from '../../runtime/pattern/shape.ts';
import type { AttentionRule, Declaration, File, ModelDeclaration, PatternDeclaration } from '../generated/ast.ts';
import { isPatternDeclaration, isReference } from '../generated/ast.ts';
import { outermost } from '../lower/environment.ts';
import { LowerError } from '../lower/error.ts';
import { lowerDeclaration, lowerPattern } from '../lower/pattern.ts';
import { meaningOf } from '../names.ts';
import { type Place, placeOf, uriOf } from '../source.ts';
import { USUAL_TOKENS } from '../viewpoint.ts';
import { reachedFrom, standsAlone, usesOf } from './declarations.ts';
import { footingOf } from './footing.ts';
import { shapesOfRule, squareOf } from './heads.ts';
import type { ReadModel, ReadRule } from './model.ts';

/** A second length for patterns that no model uses: what is said about them must hold at both. */
const LONG_TOKENS = 2 ** 16;

/** A pattern declaration or a rule, with its meaning and where that is looked at. */
export interface Scene {
  readonly node: PatternDeclaration | AttentionRule;
  /** Where messages about all of it go. */
  readonly place: Place | undefined;
  readonly pattern: Pattern;
  /** All its masks: a model's rule in its layers and heads, a pattern at the lengths of the models that use it. */
  readonly shapes: readonly Shape[];
  /** The model of a rule. */
  readonly model: ReadModel | undefined;
  /** Is it a pattern that neither a model nor another declaration of the file uses? */
  readonly unused: boolean;
  /** Is a place inside the node, in the same file? */
  owns(span: Span | undefined): span is Span;
  /** Does what stands there depend on parameters, so that it is different in each call? */
  readsParameters(place: Place): boolean;
}

/** The scenes of a file's well-formed declarations. */
export class Scenes {
  readonly #models: ReadonlyMap<ModelDeclaration, ReadModel>;
  /** Models that use a declaration, in the order of the text. */
  readonly #users = new Map<Declaration, ModelDeclaration[]>();
  readonly #used = new Set<Declaration>();

  constructor(file: File, models: ReadonlyMap<ModelDeclaration, ReadModel>) {
    this.#models = models;
    for (const declaration of file.declarations)
      for (const { target } of usesOf(declaration)) if (target !== declaration) this.#used.add(target);
    for (const model of models.keys())
      for (const reached of reachedFrom(model)) {
        const users = this.#users.get(reached);
        if (users === undefined) this.#users.set(reached, [model]);
        else users.push(model);
      }
  }

  /** Names everything that the scenes of a declaration depend on; undefined where that has no name. */
  footingOf(declaration: Declaration): string | undefined {
    const parts = [footingOf(declaration)];
    if (isPatternDeclaration(declaration))
      parts.push(String(this.#used.has(declaration)), ...this.#usersOf(declaration).map(footingOf));
    return parts.includes(undefined) ? undefined : parts.join('; ');
  }

  /** One for a pattern, one for each rule of a model; none where there is nothing to look at. */
  of(declaration: Declaration): Scene[] {
    if (isPatternDeclaration(declaration)) {
      const users = this.#usersOf(declaration).flatMap(model => this.#models.get(model) ?? []);
      return patternScene(declaration, users, !this.#used.has(declaration)) ?? [];
    }
    const model = declaration.$type === 'ModelDeclaration' ? this.#models.get(declaration) : undefined;
    return model === undefined ? [] : model.rules.flatMap(rule => ruleScene(model, rule) ?? []);
  }

  #usersOf(declaration: Declaration): readonly ModelDeclaration[] {
    return this.#users.get(declaration) ?? [];
  }
}

function patternScene(node: PatternDeclaration, users: readonly ReadModel[], unused: boolean): Scene[] | undefined {
  if (!standsAlone(node)) return undefined;
  const pattern = meaning(() => lowerDeclaration(node, outermost()));
  if (pattern === undefined) return undefined;
  const shapes: Shape[] = [];
  for (const model of users)
    for (const rule of model.rules) {
      const own = shapesOfRule(model, rule, pattern);
      if (own === undefined) return undefined;
      for (const shape of own.map(squareOf)) if (!shapes.some(other => isSameShape(shape, other))) shapes.push(shape);
    }
  // What another head would see cannot be known without a model.
  if (users.length === 0 && !isUniform(pattern)) return undefined;
  if (users.length === 0) shapes.push(squareShape(USUAL_TOKENS), squareShape(LONG_TOKENS));
  const inner = pattern.kind === 'named' ? pattern.pattern : pattern;
  return [{ ...around(node), place: placeOf(node.body), pattern: inner, shapes, model: undefined, unused }];
}

function ruleScene(model: ReadModel, read: ReadRule): Scene | undefined {
  const node = read.rule;
  const pattern = meaning(() => lowerPattern(node.pattern, outermost()));
  const shapes = pattern === undefined ? undefined : shapesOfRule(model, read, pattern);
  if (pattern === undefined || shapes === undefined || shapes.length === 0) return undefined;
  return { ...around(node), place: placeOf(node.pattern), pattern, shapes, model, unused: false };
}

function around(node: PatternDeclaration | AttentionRule): Pick<Scene, 'node' | 'owns' | 'readsParameters'> {
  const uri = uriOf(node);
  const whole = placeOf(node) ?? { start: 0, end: 0 };
  const parameters = isPatternDeclaration(node) && node.parameters.length > 0 ? parameterUses(node) : [];
  return {
    node,
    owns: (span): span is Span =>
      span !== undefined && span.uri === uri && span.start >= whole.start && span.end <= whole.end,
    readsParameters: ({ start, end }) => parameters.some(at => at >= start && at < end),
  };
}

function parameterUses(node: AstNode): number[] {
  return AstUtils.streamAst(node)
    .filter(isReference)
    .filter(reference => meaningOf(reference).kind === 'parameter')
    .flatMap(reference => placeOf(reference)?.start ?? [])
    .toArray();
}

function isSameShape(a: Shape, b: Shape): boolean {
  return (
    a.tokens === b.tokens && a.head === b.head && a.heads === b.heads && a.layer === b.layer && a.layers === b.layers
  );
}

/** The meaning of something well-formed; undefined where it has none after all (too large, recursive). */
function meaning(lowered: () => Pattern): Pattern | undefined {
  try {
    return lowered();
  } catch (error) {
    if (error instanceof LowerError || error instanceof RangeError) return undefined;
    throw error;
  }
}
