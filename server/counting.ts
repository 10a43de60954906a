import { complexity } from '../runtime/analyse/complexity.ts';
import { pairBudget } from '../runtime/analyse/pair-budget.ts';
import { CompileError } from '../runtime/compile/mask-tree.ts';
import { isDynamic } from '../runtime/pattern/bind.ts';
import type { Pattern } from '../runtime/pattern/ir.ts';
import { PatternError } from '../runtime/pattern/primitive.ts';
import { type Shape, squareShape } from '../runtime/pattern/shape.ts';
import { keyOf } from './check/facts.ts';
import { type Checkpoint, type Idle, SlowAnswers } from './slow-answers.ts';

/** How many pairs a pattern holds at a shape. */
export interface Count {
  /** Exact, or most pairs of a pattern that selects by content; null when counting would have kept the editor waiting. */
  readonly pairs: number | null;
  /** Does the pattern select by content, so that `pairs` and `density` are upper bounds? */
  readonly selects: boolean;
  /** Pairs there are: queries x tokens. */
  readonly all: number;
  /** pairs / all, or null with it. */
  readonly density: number | null;
  readonly complexity: string;
  readonly tokens: number;
}

const KEPT = 1024;

/** Counts pairs within a time budget and remembers the answers: an edit leaves most patterns of a file as they were. */
export class Counter {
  readonly #known: SlowAnswers<Count>;

  /** What takes longer than somebody wants to wait is counted when nobody does. */
  constructor(idle?: Idle) {
    this.#known = new SlowAnswers(KEPT, idle);
  }

  /** The count, or undefined when the pattern has no meaning at this shape. `asked`: where it was looked at first. */
  count(pattern: Pattern, shape: Shape, milliseconds: number, asked = shape): Count | undefined {
    const key = `pairs${keyOf([pattern, shape])}`;
    try {
      const found = this.#known.ask(key, milliseconds, checkpoint =>
        countOf(pattern, shape, countPairs(pattern, shape, checkpoint)),
      );
      return found?.value ?? countOf(pattern, shape, null);
    } catch (error) {
      // A grid has a length of its own, a mask file also heads; the count says which length. Two may disagree.
      const own = error instanceof PatternError && shape === asked ? ownShape(error, shape) : undefined;
      if (own !== undefined) return this.count(pattern, own, milliseconds, asked);
      if (error instanceof PatternError || error instanceof RangeError) return undefined;
      throw error;
    }
  }
}

function countOf(pattern: Pattern, shape: Shape, pairs: number | null): Count {
  const all = shape.queries * shape.tokens;
  return {
    pairs,
    all,
    density: pairs === null ? null : pairs / all,
    selects: isDynamic(pattern),
    complexity: complexity(pattern),
    tokens: shape.tokens,
  };
}

/** The only shape at which a pattern has a meaning, where its error says so. */
function ownShape({ neededTokens, neededHeads }: PatternError, shape: Shape): Shape | undefined {
  if (neededTokens === undefined && neededHeads === undefined) return undefined;
  const heads = neededHeads ?? shape.heads;
  return squareShape(neededTokens ?? shape.tokens, { ...shape, heads, head: Math.min(shape.head, heads - 1) });
}

/** Number of pairs, the most there can be where content decides, or null when they are too many to look at. */
function countPairs(pattern: Pattern, shape: Shape, checkpoint: Checkpoint): number | null {
  try {
    return pairBudget(pattern, shape, { checkpoint });
  } catch (error) {
    if (error instanceof CompileError) return null;
    throw error;
  }
}

/** 12345 as `12,345`. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** A density as a percentage with three digits: `12.3%`. */
export function percent(density: number): string {
  const value = density * 100;
  return `${value === 0 || value >= 100 ? value : Number(value.toPrecision(3))}%`;
}
