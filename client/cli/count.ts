import { complexity } from '../../runtime/analyse/complexity.ts';
import { pairBudget } from '../../runtime/analyse/pair-budget.ts';
import { type MaskSummary, type SummarySubject, summarise } from '../../runtime/export/json.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';

/** What can be said without data about a mask whose pairs are chosen by content. */
export interface BudgetSummary
  extends Omit<MaskSummary, 'format' | 'pairs' | 'density' | 'keysPerQuery' | 'emptyQueries' | 'tiles'> {
  readonly format: 'sparse-attention/budget';
  /** Most pairs that it can hold, whatever the queries and keys are, and their share of all. */
  readonly pairsAtMost: number;
  readonly densityAtMost: number;
}

/** Counts a mask, or says how many pairs it can have when they are chosen by content. Throws as `summarise` does. */
export function count(subject: SummarySubject): MaskSummary | BudgetSummary {
  try {
    return summarise(subject);
  } catch (error) {
    if (!(error instanceof PatternError) || error.code !== 'dynamic') throw error;
  }
  const { name, source, pattern, shape } = subject;
  const pairsAtMost = pairBudget(pattern, shape);
  const { tokens, queries, offset, layer, layers, head, heads } = shape;
  return {
    format: 'sparse-attention/budget',
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
    pairsAtMost,
    densityAtMost: pairsAtMost / (queries * tokens),
    complexity: complexity(pattern),
  };
}
