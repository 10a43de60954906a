import { type AstNode, AstUtils } from 'langium';
import type { Pair } from '../../runtime/analyse/find-pair.ts';
import type { NumberExpression, Pattern } from '../../runtime/pattern/ir.ts';
import { evaluate } from '../../runtime/pattern/numbers.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { primitives } from '../../runtime/pattern/primitives.ts';
import { gridShape, type Shape } from '../../runtime/pattern/shape.ts';
import type { Facts } from './facts.ts';
import type { Findings } from './finding.ts';
import { squareOf } from './heads.ts';
import { related, removingOperand, shortened, textAt } from './mends.ts';
import type { Scene } from './scene.ts';

/** Most operands of one chain that are compared with each other. */
const MOST_OPERANDS = 12;

const CAUSAL: Pattern = { kind: 'primitive', name: 'causal', args: {} };

type Combination = Extract<Pattern, { readonly kind: 'union' | 'intersection' | 'difference' }>;

/** Where an expression is looked at. */
interface View {
  readonly shapes: readonly Shape[];
  /** Only the pairs of this pattern count: `causal = true` takes the others away. */
  readonly within: Pattern | undefined;
}

/** Operands of unions, intersections and differences that change nothing, and combinations that hold no pair. */
export class OperandChecker {
  readonly #facts: Facts;
  readonly #findings: Findings;
  readonly #scene: Scene;
  #nodes: readonly AstNode[] | undefined;

  constructor(scene: Scene, facts: Facts, findings: Findings) {
    this.#facts = facts;
    this.#findings = findings;
    this.#scene = scene;
  }

  check(): void {
    const { pattern, shapes, model } = this.#scene;
    const distinct = new Map(shapes.map(squareOf).map(shape => [JSON.stringify(shape), shape]));
    this.#visit(pattern, { shapes: [...distinct.values()], within: model?.frame.causal ? CAUSAL : undefined });
  }

  #visit(pattern: Pattern, view: View): void {
    if (view.shapes.length === 0) return;
    switch (pattern.kind) {
      case 'union':
      case 'intersection':
      case 'difference': {
        if (!this.#scene.owns(pattern.span)) return;
        const operands = pattern.kind === 'difference' ? [pattern.left, pattern.right] : chainOf(pattern);
        if (operands.length <= MOST_OPERANDS && this.#chain(pattern, operands, view)) return;
        for (const operand of operands) this.#visit(operand, view);
        return;
      }
      case 'complement':
        this.#visit(pattern.of, view);
        return;
      case 'choose': {
        const chosen = (then: boolean): Shape[] =>
          view.shapes.filter(shape => {
            const value = numberAt(pattern.condition, shape);
            return value !== undefined && (value !== 0) === then;
          });
        this.#visit(pattern.then, { ...view, shapes: chosen(true) });
        this.#visit(pattern.otherwise, { ...view, shapes: chosen(false) });
        return;
      }
      case 'primitive':
        for (const [name, argument] of Object.entries(pattern.args)) {
          if (argument.type !== 'pattern') continue;
          const onGrid = primitives.get(pattern.name)?.parameters.some(each => each.name === name && each.onGrid);
          const shapes = onGrid ? gridsOf(pattern, view.shapes) : view.shapes;
          this.#visit(argument.value, { shapes, within: undefined });
        }
        return;
      // What a declared pattern is made of is looked at where it is declared.
      case 'named':
      case 'where':
    }
  }

  /** True when something was said about these operands. */
  #chain(whole: Combination, operands: readonly Pattern[], view: View): boolean {
    // In another call a parameter would be another number.
    const fixed = operands.filter(({ span }) => this.#scene.owns(span) && !this.#scene.readsParameters(span));
    if (whole.kind !== 'difference') return this.#chainOf(whole, fixed, fixed.length === operands.length, view);
    return fixed.length === operands.length && this.#difference(whole, view);
  }

  #difference(whole: Combination, view: View): boolean {
    const left = limited(whole.left, view.within);
    const { span } = whole.right;
    if (span === undefined) return false;
    const [name, other] = [this.#text(whole.right), this.#text(whole.left)];
    if (this.#all(view, shape => this.#facts.pairOf({ kind: 'intersection', left, right: whole.right }, shape))) {
      this.#findings.add(
        'redundant-operand',
        `\`${name}\` takes nothing away: it has no pair in common with \`${other}\`${this.#example(whole.right, view)}${at(view)}`,
        span,
        { related: [related(whole.left.span, `\`${other}\``)], mends: [this.#remove(whole.right)] },
      );
      return true;
    }
    return this.#isEmpty(whole, view, `\`${name}\` takes everything away: it contains \`${other}\``);
  }

  #chainOf(whole: Combination, operands: readonly Pattern[], isWhole: boolean, view: View): boolean {
    if (operands.length === 0) return false;
    if (isWhole && whole.kind === 'intersection' && this.#isEmpty(whole, view, 'these patterns have no pair in common'))
      return true;
    const kept = [...operands];
    // From the end: of two equal operands the second is the one too many.
    for (const operand of [...operands].reverse()) {
      if (kept.length === 1 && view.within === undefined) break;
      // `c ? a : b` was written for other cases than this one.
      if (operand.kind === 'choose') continue;
      const others = kept.filter(other => other !== operand);
      if (this.#changesNothing(whole.kind, operand, others, view)) kept.splice(kept.indexOf(operand), 1);
    }
    const removed = operands.filter(operand => !kept.includes(operand));
    for (const operand of removed) this.#report(whole.kind, operand, kept, view);
    return removed.length > 0;
  }

  #changesNothing(kind: Pattern['kind'], operand: Pattern, others: readonly Pattern[], view: View): boolean {
    if (kind === 'union') {
      if (others.length === 0) return false;
      const rest = others.reduce((left, right) => ({ kind: 'union', left, right }));
      return this.#all(view, shape => this.#facts.pairOutside(limited(operand, view.within), rest, shape));
    }
    const all = view.within === undefined ? others : [view.within, ...others];
    if (all.length === 0) return false;
    const rest = all.reduce((left, right) => ({ kind: 'intersection', left, right }));
    return this.#all(view, shape => this.#facts.pairOutside(rest, operand, shape));
  }

  #report(kind: Pattern['kind'], operand: Pattern, kept: readonly Pattern[], view: View): void {
    const name = this.#text(operand);
    const mends = [this.#remove(operand)];
    const one = kept.find(other => this.#changesNothing(kind, operand, [other], { ...view, within: undefined }));
    const [text, place] = one === undefined ? [undefined, undefined] : [`\`${this.#text(one)}\``, one.span];
    const because = [place === undefined ? undefined : related(place, text ?? '')];
    let message: string;
    if (kind === 'union') {
      if (this.#all(view, shape => this.#facts.pairOf(limited(operand, view.within), shape)))
        message = `\`${name}\` adds nothing: it holds no pair${view.within === undefined ? '' : ' of a causal model'}`;
      else {
        const more =
          one === undefined ? undefined : this.#first(view, shape => this.#facts.pairOutside(one, operand, shape));
        message = `\`${name}\` adds nothing: ${
          text === undefined ? 'the other operands together contain it' : `it is contained in ${text}`
        }${more === undefined ? (text === undefined ? '' : ', which holds the same pairs') : `, which also lets ${sees(more)}`}`;
      }
    } else {
      const causal = view.within !== undefined && this.#changesNothing(kind, operand, [], view) && one === undefined;
      message = `\`${name}\` takes nothing away: ${
        causal
          ? 'the model is causal already'
          : `it contains ${text ?? 'what the other operands have in common'}${this.#beyond(operand, one, view)}`
      }`;
    }
    this.#findings.add('redundant-operand', `${message}${at(view)}`, operand.span, { related: because, mends });
  }

  #beyond(operand: Pattern, other: Pattern | undefined, view: View): string {
    if (other === undefined) return '';
    const more = this.#first(view, shape => this.#facts.pairOutside(operand, other, shape));
    return more === undefined ? ', and holds the same pairs' : ` and also lets ${sees(more)}`;
  }

  #isEmpty(whole: Combination, view: View, message: string): boolean {
    // A part that is empty by itself is no news: `none()` says so.
    const isEmpty = (pattern: Pattern): boolean => this.#all(view, shape => this.#facts.pairOf(pattern, shape));
    if (!isEmpty(limited(whole, view.within)) || isEmpty(limited(whole.left, view.within))) return false;
    this.#findings.add(
      'no-pairs',
      `no pair is left: ${message}${this.#example(whole.left, view)}${at(view)}`,
      whole.span,
      {
        related: [whole.left, whole.right].map(({ span }) => related(span, 'one of them')),
      },
    );
    return true;
  }

  /** Is there no pair at any of the shapes? False when that is not known. */
  #all(view: View, ask: (shape: Shape) => Pair | null | undefined): boolean {
    return view.shapes.every(shape => ask(shape) === null);
  }

  #first(view: View, ask: (shape: Shape) => Pair | null | undefined): Pair | undefined {
    for (const shape of view.shapes) {
      const pair = ask(shape);
      if (pair !== null && pair !== undefined) return pair;
    }
    return undefined;
  }

  /** `, e.g. query 5 sees key 3 there`, of a pattern. */
  #example(pattern: Pattern, view: View): string {
    const pair = this.#first(view, shape => this.#facts.pairOf(limited(pattern, view.within), shape));
    return pair === undefined ? '' : ` (which lets ${sees(pair)})`;
  }

  #remove(operand: Pattern) {
    if (operand.span === undefined) return undefined;
    this.#nodes ??= AstUtils.streamAst(this.#scene.node).toArray();
    return removingOperand(this.#scene.node, operand.span, this.#nodes);
  }

  #text(pattern: Pattern): string {
    return pattern.span === undefined ? pattern.kind : shortened(textAt(this.#scene.node, pattern.span));
  }
}

/** `query 5 see key 3` */
export function sees({ query, key }: Pair): string {
  return `query ${query} see key ${key}`;
}

/** The length that a fact is about; nothing when it holds at several. */
function at({ shapes }: View): string {
  const lengths = new Set(shapes.map(({ tokens }) => tokens));
  const [tokens] = lengths;
  return lengths.size === 1 && tokens !== undefined ? ` (n = ${tokens.toLocaleString('en-US')})` : '';
}

function limited(pattern: Pattern, within: Pattern | undefined): Pattern {
  return within === undefined ? pattern : { kind: 'intersection', left: pattern, right: within };
}

/** Operands of `a | b | c` or `a & b & c`, in the order of the text. */
export function chainOf(pattern: Pattern): Pattern[] {
  const found: Pattern[] = [];
  const visit = (part: Pattern): void => {
    // More than can be compared is as good as any.
    if (found.length > MOST_OPERANDS) return;
    if (part.kind === pattern.kind && (part.kind === 'union' || part.kind === 'intersection')) {
      visit(part.left);
      visit(part.right);
    } else found.push(part);
  };
  visit(pattern);
  return found;
}

/** The grids of blocks on which the pattern inside `blocked(size, ...)` is looked at. */
function gridsOf(pattern: Extract<Pattern, { kind: 'primitive' }>, shapes: readonly Shape[]): Shape[] {
  const size = Object.values(pattern.args).find(argument => argument.type === 'number');
  if (size?.type !== 'number') return [];
  return shapes.flatMap(shape => {
    const value = numberAt(size.value, shape);
    const grid = gridShape(shape, value ?? 0);
    return Number.isInteger(grid.tokens) && grid.tokens >= 1 ? [grid] : [];
  });
}

/** A number at a shape; undefined where it has no value. */
export function numberAt(expression: NumberExpression, shape: Shape): number | undefined {
  try {
    return evaluate(expression, shape);
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
}
