import { complexity } from '../../runtime/analyse/complexity.ts';
import { COUNTED_SQUARES, estimatePairs, RISK } from '../../runtime/analyse/estimate.ts';
import { pairBudget } from '../../runtime/analyse/pair-budget.ts';
import { type Count, ratio, times } from '../../runtime/compile/count.ts';
import { CompileError } from '../../runtime/compile/mask-tree.ts';
import { type MaskSummary, type SummarySubject, summarise } from '../../runtime/export/json.ts';
import { bindPattern } from '../../runtime/pattern/bind.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { hasCondition } from '../../runtime/pattern/reads.ts';

/** What can be said without data about a mask whose pairs are chosen by content. */
export interface BudgetSummary
  extends Omit<MaskSummary, 'format' | 'pairs' | 'density' | 'keysPerQuery' | 'emptyQueries' | 'range' | 'tiles'> {
  readonly format: 'sparse-attention/budget';
  /** Most pairs that it can hold, whatever the queries and keys are, and their share of all. */
  readonly pairsAtMost: Count;
  readonly densityAtMost: number;
}

/** What can be said about a mask with a condition that is too irregular to be counted. */
export interface EstimateSummary
  extends Omit<MaskSummary, 'format' | 'pairs' | 'density' | 'keysPerQuery' | 'emptyQueries' | 'range' | 'tiles'> {
  readonly format: 'sparse-attention/estimate';
  /** About so many pairs, and their share of all. */
  readonly pairsAbout: number;
  readonly densityAbout: number;
  /** The true number of pairs differs by at most this, except with probability `risk`. */
  readonly pairsError: number;
  readonly risk: number;
}

/**
 * Counts a mask; says how many pairs it can have when they are chosen by content, and about how many it has when a
 * condition in it is too irregular to be counted. Throws PatternError and CompileError.
 */
export function count(subject: SummarySubject): MaskSummary | BudgetSummary | EstimateSummary {
  const irregular = hasCondition(subject.pattern);
  try {
    return summarise(subject, irregular ? { maxNodes: COUNTED_SQUARES } : {});
  } catch (error) {
    if (error instanceof CompileError && irregular) return estimate(subject);
    if (!(error instanceof PatternError) || error.code !== 'dynamic') throw error;
  }
  const { pattern, shape } = subject;
  const pairsAtMost = pairBudget(pattern, shape);
  return {
    format: 'sparse-attention/budget',
    ...placeOf(subject),
    pairsAtMost,
    densityAtMost: ratio(pairsAtMost, times(shape.queries, shape.tokens)),
  };
}

function estimate(subject: SummarySubject): EstimateSummary {
  const { pattern, shape } = subject;
  const { pairs, error } = estimatePairs(bindPattern(pattern, shape), shape);
  return {
    format: 'sparse-attention/estimate',
    ...placeOf(subject),
    pairsAbout: pairs,
    densityAbout: pairs / (shape.queries * shape.tokens),
    pairsError: error,
    risk: RISK,
  };
}

/** What every summary says about its subject. */
function placeOf({ name, source, pattern, shape }: SummarySubject) {
  const { tokens, queries, offset, layer, layers, head, heads } = shape;
  return {
    version: 1,
    name,
    source: source ?? null,
    layer,
    layers,
    head,
    heads,
    offset,
    tokens,
    queries,
    complexity: complexity(pattern, shape),
  } as const;
}
