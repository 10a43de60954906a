import type { Budget } from '../../../runtime/analyse/suggest/within-time.ts';
import type { SubjectKind } from '../quality/subject-picker.ts';

/** What a pattern is looked for, and what it may have and be. */
export interface SuggestChoice {
  readonly on: SubjectKind;
  readonly limit: 'density' | 'ms';
  /** Share of all pairs. */
  readonly density: number;
  /** Of attention in all layers. */
  readonly ms: number;
  readonly perHead: boolean;
  readonly dynamic: boolean;
}

export const USUAL_CHOICE: SuggestChoice = {
  on: 'tensors',
  limit: 'density',
  density: 0.1,
  ms: 10,
  perHead: true,
  dynamic: true,
};

export function budgetOf({ limit, density, ms }: SuggestChoice): Budget {
  return limit === 'density' ? { density } : { ms };
}

/** What the field of the limit shows: a percentage, or milliseconds. */
export function limitText({ limit, density, ms }: SuggestChoice): string {
  return String(limit === 'density' ? Number((100 * density).toPrecision(6)) : ms);
}

/** What was typed into it; undefined for what is no limit. */
export function typedLimit(
  limit: SuggestChoice['limit'],
  text: string,
): Pick<SuggestChoice, 'density'> | Pick<SuggestChoice, 'ms'> | undefined {
  const [, digits = ''] = /^\s*(\d*\.?\d+)\s*(?:%|ms)?\s*$/.exec(text) ?? [];
  const value = Number(digits);
  if (!(value > 0)) return undefined;
  if (limit === 'ms') return { ms: value };
  return value <= 100 ? { density: value / 100 } : undefined;
}
