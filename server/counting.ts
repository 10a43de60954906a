import { complexity } from '../runtime/analyse/complexity.ts';
import { estimatePairs } from '../runtime/analyse/estimate.ts';
import { pairBudget } from '../runtime/analyse/pair-budget.ts';
import { type Count as Pairs, ratio, times } from '../runtime/compile/count.ts';
import { CompileError } from '../runtime/compile/mask-tree.ts';
import { bindPattern, isDynamic } from '../runtime/pattern/bind.ts';
import type { Pattern } from '../runtime/pattern/ir.ts';
import { PatternError } from '../runtime/pattern/primitive.ts';
import { hasCondition } from '../runtime/pattern/reads.ts';
import { type Shape, squareShape } from '../runtime/pattern/shape.ts';
import { keyOf } from './check/facts.ts';
import { type Checkpoint, type Idle, SlowAnswers } from './slow-answers.ts';

/** How many pairs a pattern holds at a shape. */
export interface Count {
  /** Exact, or most pairs of a pattern that selects by content; null when counting would have kept the editor waiting. */
  readonly pairs: Pairs | null;
  /** 0: `pairs` is exact. Otherwise it is an estimate, off by at most this except with probability `RISK`. */
  readonly error: number;
  /** Does the pattern select by content, so that `pairs` and `density` are upper bounds? */
  readonly selects: boolean;
  /** Pairs there are: queries x tokens. */
  readonly all: Pairs;
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
    const end = performance.now() + milliseconds;
    try {
      const found = this.#known.ask(key, milliseconds, checkpoint =>
        countOf(pattern, shape, countPairs(pattern, shape, checkpoint)),
      );
      if (found !== undefined && found.value.pairs !== null) return found.value;
      return this.#estimate(pattern, shape, Math.max(1, end - performance.now())) ?? countOf(pattern, shape, null);
    } catch (error) {
      // A grid has a length of its own, a mask file also heads; the count says which length. Two may disagree.
      const own = error instanceof PatternError && shape === asked ? ownShape(error, shape) : undefined;
      if (own !== undefined) return this.count(pattern, own, milliseconds, asked);
      if (error instanceof PatternError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** About how many pairs a condition lets through that repeats nowhere. */
  #estimate(pattern: Pattern, shape: Shape, milliseconds: number): Count | undefined {
    if (!hasCondition(pattern) || isDynamic(pattern)) return undefined;
    return this.#known.ask(`about${keyOf([pattern, shape])}`, milliseconds, checkpoint => {
      const { pairs, error } = estimatePairs(bindPattern(pattern, shape), shape, { samples: SAMPLES, checkpoint });
      return countOf(pattern, shape, pairs, error);
    })?.value;
  }
}

/** The pairs of a count: `≈ 12,345 ± 67 pairs` where they are estimated. */
export function pairsText({ pairs, error, selects }: Count): string {
  const mark = selects ? 'at most ' : error > 0 ? '≈ ' : '';
  return `${mark}${grouped(pairs ?? 0)}${error > 0 ? ` ± ${grouped(error)}` : ''} pairs`;
}

function countOf(pattern: Pattern, shape: Shape, pairs: Pairs | null, error = 0): Count {
  const all = times(shape.queries, shape.tokens);
  return {
    pairs,
    error,
    all,
    density: pairs === null ? null : ratio(pairs, all),
    selects: isDynamic(pattern),
    complexity: complexity(pattern, shape),
    tokens: shape.tokens,
  };
}

/** Words that are drawn for an estimate: few enough for a pause in typing. */
const SAMPLES = 2 ** 13;

/** The only shape at which a pattern has a meaning, where its error says so. */
function ownShape({ neededTokens, neededHeads }: PatternError, shape: Shape): Shape | undefined {
  if (neededTokens === undefined && neededHeads === undefined) return undefined;
  const heads = neededHeads ?? shape.heads;
  return squareShape(neededTokens ?? shape.tokens, { ...shape, heads, head: Math.min(shape.head, heads - 1) });
}

/** Number of pairs, the most there can be where content decides, or null when they are too many to look at. */
function countPairs(pattern: Pattern, shape: Shape, checkpoint: Checkpoint): Pairs | null {
  try {
    return pairBudget(pattern, shape, { checkpoint });
  } catch (error) {
    if (error instanceof CompileError) return null;
    throw error;
  }
}

/** 12345 as `12,345`. */
export function grouped(value: number | bigint): string {
  return value.toLocaleString('en-US');
}

/** A density as a percentage with three digits: `12.3%`. */
export function percent(density: number): string {
  const value = density * 100;
  return `${value === 0 || value >= 100 ? value : Number(value.toPrecision(3))}%`;
}
