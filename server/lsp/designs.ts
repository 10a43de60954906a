import { AstUtils, type LangiumDocument } from 'langium';
import { CodeActionKind } from 'vscode-languageserver-types';
import { sameTrees } from '../../runtime/analyse/compare.ts';
import { type Recognised, recognise } from '../../runtime/analyse/recognise.ts';
import { buildMaskTree, CompileError, type CompileOptions } from '../../runtime/compile/mask-tree.ts';
import { bindPattern, isDynamic } from '../../runtime/pattern/bind.ts';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { readsOf } from '../../runtime/pattern/reads.ts';
import { MAX_TOKENS, type Shape } from '../../runtime/pattern/shape.ts';
import { keyOf } from '../check/facts.ts';
import type { Edit } from '../check/finding.ts';
import { importing } from '../check/importing.ts';
import {
  type Expression,
  isBinary,
  isChoice,
  isExpression,
  isNumberLiteral,
  isReference,
  isUnary,
  isWhere,
} from '../generated/ast.ts';
import { fileOf } from '../imports.ts';
import { libraryUri } from '../library.ts';
import { LowerError } from '../lower/error.ts';
import { lowerPattern } from '../lower/pattern.ts';
import { builtIn, meaningOf } from '../names.ts';
import { visibleFrom } from '../scope.ts';
import { type Place, placeOf, textOf, uriOf } from '../source.ts';
import { typeOf } from '../types.ts';
import { viewpointOf } from '../viewpoint.ts';
import { type Trial, trialsOf, usesParameters, withNumbers, withParameters } from './design-parameters.ts';
import type { Rewrite } from './rewrites.ts';

/** A design is looked for at so many tokens, or at so many times its largest number. */
const SHORTEST = 1024;
const SPREAD = 4;
/** The machine may have been busy: an expression gets another chance, but not at every move of the cursor. */
const CHANCES = 2;
/** Expressions around the cursor that are looked at, the widest first. */
const MOST_EXPRESSIONS = 3;
/** Characters of an expression that may be a design: none takes that many to write out. */
const LONGEST = 2000;
/** Layers and heads in which a pattern is compared that is another in each. */
const MOST_HEADS = 16;
const KEPT = 128;

class OutOfTime extends Error {}

/** What an expression can be replaced by. */
interface Design {
  readonly name: string;
  /** Where the library has it; undefined for primitives. */
  readonly module: string | undefined;
  readonly text: string;
}

/** Expressions that are a published design, or a primitive, written out: they can be replaced by its name. */
export class Designs {
  /** What was found out about an expression: null when it is nothing known, a number when that took too long so often. */
  readonly #known = new Map<string, Design | null | number>();
  readonly #milliseconds: number;

  /** `milliseconds`: longest time for all expressions around a cursor together; the editor asks whenever it moves. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Replaces the widest expression around a place that is a known design; its import comes along. */
  rewritesAt(document: LangiumDocument, place: Place): Rewrite[] {
    const file = fileOf(document);
    if (file === undefined || document.parseResult.parserErrors.length > 0) return [];
    const end = performance.now() + this.#milliseconds;
    const around = AstUtils.streamAst(file)
      .filter(isExpression)
      .filter(node => isAround(placeOf(node), place) && isWrittenOut(node))
      .limit(MOST_EXPRESSIONS);
    for (const node of around) {
      const found = this.#find(node, end);
      const rewrite = found && rewriteOf(document, node, found);
      if (rewrite !== undefined) return [rewrite];
    }
    return [];
  }

  #find(node: Expression, end: number): Design | undefined {
    const checkpoint = (): void => {
      if (performance.now() > end) throw new OutOfTime();
    };
    const trials = usesParameters(node) ? trialsOf(node) : [];
    const view = trials[0]?.view ?? viewpointOf(node);
    if (view === undefined) return undefined;
    const views = trials.length === 0 ? [view] : trials.map(trial => trial.view);
    let key: string | undefined;
    let failures = 0;
    try {
      const patterns = views.map(({ environment }) => lowerPattern(node, environment));
      if (patterns.some(pattern => isDynamic(pattern))) return undefined;
      // What is written decides what can stand for the numbers of a design.
      key = keyOf([patterns, view.shape, trials.length === 0 ? '' : textOf(node)]);
      const before = this.#known.get(key);
      if (typeof before === 'number') failures = before;
      else if (before !== undefined) return before ?? undefined;
      if (failures >= CHANCES) return undefined;
      const found = patterns.flatMap((pattern, index) => {
        const shape = views[index]?.shape ?? view.shape;
        return designAt(node, pattern, shape, { checkpoint }) ?? [];
      });
      const [first] = found;
      const text =
        first === undefined || found.length < patterns.length
          ? undefined
          : trials.length === 0
            ? first.text
            : this.#parameterised(node, trials, patterns, found, { checkpoint });
      // On a grid of blocks the numbers of a design would count blocks, which nobody expects.
      const isNamed = first !== undefined && text !== undefined && !(view.blocks && first.module !== undefined);
      const design = isNamed ? { name: first.name, module: first.module, text } : null;
      this.#keep(key, design);
      return design ?? undefined;
    } catch (error) {
      const isKnown =
        error instanceof LowerError ||
        error instanceof PatternError ||
        error instanceof CompileError ||
        error instanceof RangeError;
      if (key !== undefined) this.#keep(key, isKnown ? null : failures + 1);
      if (isKnown || error instanceof OutOfTime) return undefined;
      throw error;
    }
  }

  /** The text of a design that the expression is with any values of its parameters. */
  #parameterised(
    node: Expression,
    trials: readonly Trial[],
    patterns: readonly Pattern[],
    found: readonly Recognised[],
    options: CompileOptions,
  ): string | undefined {
    const design = withParameters(
      node,
      trials,
      found.map(each => each.text),
    );
    const [last, pattern, named] = [trials.at(-1), patterns.at(-1), found.at(-1)];
    if (design === undefined || last === undefined || pattern === undefined || named === undefined) return undefined;
    if (design.otherNumbers.size === 0) return design.text;
    const meant = withNumbers(named.pattern, design.otherNumbers);
    return isEverywhere(pattern, meant, last.view.shape, options) ? design.text : undefined;
  }

  #keep(key: string, found: Design | null | number): void {
    this.#known.delete(key);
    if (this.#known.size >= KEPT) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(key, found);
  }
}

/** The design of a pattern, here and wherever it may be another one. Throws CompileError and PatternError. */
function designAt(node: Expression, pattern: Pattern, shape: Shape, options: CompileOptions): Recognised | undefined {
  const found = designOf(node, pattern, shape, options);
  return found !== undefined && isEverywhere(pattern, found.pattern, shape, options) ? found : undefined;
}

/**
 * The design of a pattern. It shows at a short length, too, and is found sooner there; whether it holds at the wanted
 * one has to be checked after. Throws CompileError and PatternError.
 */
function designOf(node: Expression, pattern: Pattern, shape: Shape, options: CompileOptions): Recognised | undefined {
  const square = { ...shape, queries: shape.tokens, offset: 0 };
  const numbers = AstUtils.streamAst(node).flatMap(each => (isNumberLiteral(each) ? [each.value] : []));
  const largest = numbers.reduce((most, value) => Math.max(most, value), 0);
  const tokens = Math.min(shape.tokens, Math.max(SHORTEST, SPREAD * largest));
  try {
    const short = { ...square, tokens, queries: tokens };
    return recognise(bindPattern(pattern, short), short, { pattern }, options);
  } catch (error) {
    // A grid has one length only.
    if (!(error instanceof PatternError)) throw error;
    return recognise(bindPattern(pattern, square), square, { pattern }, options);
  }
}

function isAround(outer: Place | undefined, inner: Place): boolean {
  return (
    outer !== undefined && outer.start <= inner.start && inner.end <= outer.end && outer.end - outer.start <= LONGEST
  );
}

/** Is it a pattern made of others? What is a name already needs none. */
function isWrittenOut(node: Expression): boolean {
  const isMade = isBinary(node) || isUnary(node) || isChoice(node) || isWhere(node) || takesPattern(node);
  if (!isMade) return false;
  if (typeOf(node) !== 'pattern') return false;
  return AstUtils.streamAst(node).every(each => !isReference(each) || meaningOf(each).kind !== 'unknown');
}

/** `blocked(64, ...)`, `transpose(...)`: calls of the language around another pattern. */
function takesPattern(node: Expression): boolean {
  if (!isReference(node)) return false;
  const meaning = meaningOf(node);
  return (
    meaning.kind === 'primitive' &&
    node.arguments.some(({ value }) => value !== undefined && typeOf(value) === 'pattern')
  );
}

/** Are two patterns the same also where they may differ: at another length, in other layers and heads? */
function isEverywhere(first: Pattern, second: Pattern, shape: Shape, options: CompileOptions): boolean {
  const square: Shape = { ...shape, queries: shape.tokens, offset: 0 };
  const longer = shape.tokens * 2 + 3;
  const shapes = [square];
  if (longer <= MAX_TOKENS) shapes.push({ ...square, tokens: longer, queries: longer });
  const [one, other] = [readsOf(first), readsOf(second)];
  const layers = one.layer || other.layer ? Math.min(shape.layers, MOST_HEADS) : 1;
  const heads = one.head || other.head ? Math.min(shape.heads, MOST_HEADS) : 1;
  for (let layer = 0; layer < layers; layer++)
    for (let head = 0; head < heads; head++) shapes.push({ ...square, layer, head });
  return shapes.every(each => isSameAt(first, second, each, options));
}

function isSameAt(first: Pattern, second: Pattern, shape: Shape, options: CompileOptions): boolean {
  const [a, b] = [first, second].map(pattern => treeAt(pattern, shape, options));
  // Where neither has a meaning (a grid has one length only) they agree.
  return a === undefined || b === undefined ? a === b : sameTrees(a, b);
}

function treeAt(pattern: Pattern, shape: Shape, options: CompileOptions) {
  try {
    return buildMaskTree(bindPattern(pattern, shape), shape, options);
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
}

function rewriteOf(document: LangiumDocument, node: Expression, found: Design): Rewrite | undefined {
  const place = placeOf(node);
  // Several primitives in the place of several are no gain, but a condition becomes one that the compiler knows.
  if (place === undefined || (found.name === 'composition' && !isWhere(node))) return undefined;
  if (textOf(node).replaceAll(/\s+/g, '') === found.text.replaceAll(/\s+/g, '')) return undefined;
  const edits: Edit[] = [{ place, text: found.text }];
  if (found.module === undefined) {
    // A parameter or constant may have taken the name of a primitive.
    if (visibleFrom(node).some(({ name }) => name === found.name && builtIn(name).kind !== 'unknown')) return undefined;
  } else {
    const there = visibleFrom(node).find(({ name }) => name === found.name);
    if (there === undefined) edits.push(importing(document.textDocument.getText(), found.name, found.module));
    else if (uriOf(there) !== libraryUri(found.module)?.toString()) return undefined;
  }
  const title = `Replace by ${found.text}`;
  return { kind: CodeActionKind.RefactorRewrite, title, edits };
}
