import { complexity } from '../runtime/analyse/complexity.ts';
import { pairBudget } from '../runtime/analyse/pair-budget.ts';
import { CompileError } from '../runtime/compile/mask-tree.ts';
import { isDynamic } from '../runtime/pattern/bind.ts';
import { BESIDE_MEANING, type Pattern } from '../runtime/pattern/ir.ts';
import { PatternError } from '../runtime/pattern/primitive.ts';
import { type Shape, squareShape } from '../runtime/pattern/shape.ts';

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

const KEPT = 256;
/** A count may run out of time because the machine was busy: it gets another chance, but not at every keystroke. */
const CHANCES = 3;

class OutOfTime extends Error {}

interface Known {
  readonly count: Count;
  /** Longest time that was tried, and how often, while there is no exact number. */
  readonly tried: number;
  readonly times: number;
}

/** Counts pairs within a time budget and remembers the answers: an edit leaves most patterns of a file as they were. */
export class Counter {
  readonly #known = new Map<string, Known>();

  /** The count, or undefined when the pattern has no meaning at this shape. `asked`: where it was looked at first. */
  count(pattern: Pattern, shape: Shape, milliseconds: number, asked = shape): Count | undefined {
    const key = JSON.stringify([pattern, shape], (name, value: unknown) =>
      BESIDE_MEANING.has(name) ? undefined : value,
    );
    const before = this.#known.get(key);
    if (
      before !== undefined &&
      (before.count.pairs !== null || (before.tried >= milliseconds && before.times >= CHANCES))
    )
      return before.count;
    try {
      const all = shape.queries * shape.tokens;
      const pairs = milliseconds <= 0 ? null : countPairs(pattern, shape, milliseconds);
      const density = pairs === null ? null : pairs / all;
      const symbolic = complexity(pattern);
      const count: Count = {
        pairs,
        all,
        density,
        selects: isDynamic(pattern),
        complexity: symbolic,
        tokens: shape.tokens,
      };
      if (milliseconds > 0)
        this.#keep(key, { count, tried: Math.max(milliseconds, before?.tried ?? 0), times: (before?.times ?? 0) + 1 });
      return count;
    } catch (error) {
      // A grid has a length of its own, a mask file also heads; the count says which length. Two may disagree.
      const own = error instanceof PatternError && shape === asked ? ownShape(error, shape) : undefined;
      if (own !== undefined) return this.count(pattern, own, milliseconds, asked);
      if (error instanceof PatternError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  #keep(key: string, known: Known): void {
    if (this.#known.size >= KEPT && !this.#known.has(key)) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(key, known);
  }
}

/** The only shape at which a pattern has a meaning, where its error says so. */
function ownShape({ neededTokens, neededHeads }: PatternError, shape: Shape): Shape | undefined {
  if (neededTokens === undefined && neededHeads === undefined) return undefined;
  const heads = neededHeads ?? shape.heads;
  return squareShape(neededTokens ?? shape.tokens, { ...shape, heads, head: Math.min(shape.head, heads - 1) });
}

/** Number of pairs, the most there can be where content decides, or null when it takes too long. */
function countPairs(pattern: Pattern, shape: Shape, milliseconds: number): number | null {
  const end = performance.now() + milliseconds;
  const checkpoint = (): void => {
    if (performance.now() > end) throw new OutOfTime();
  };
  try {
    return pairBudget(pattern, shape, { checkpoint });
  } catch (error) {
    if (error instanceof OutOfTime || error instanceof CompileError) return null;
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
