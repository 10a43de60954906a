import type { CurveShape } from '../quality/curve.ts';
import { type Expression, textOf } from '../recognise/expression.ts';
import { type Family, fitted, pairsOf, recallOf } from './candidate.ts';
import type { RowSample } from './row-sample.ts';

/** A pattern for a head, with what it keeps of the sampled rows. */
export interface Choice {
  /** Name of its family. */
  readonly family: string;
  readonly expression: Expression;
  readonly pairs: number;
  readonly recall: number;
}

/** The best of each family's members at each budget: [families][budgets]; undefined where none is small enough. */
export type Choices = readonly (readonly (Choice | undefined)[])[];

/** Sizes of families that do not depend on a head's data. */
export class Sizes {
  readonly #shape: CurveShape;
  readonly #areShared: boolean;
  readonly #known = new Map<string, number | undefined>();

  /** @param areShared are also listed families the same for all heads? */
  constructor(shape: CurveShape, areShared: boolean) {
    this.#shape = shape;
    this.#areShared = areShared;
  }

  /** `index`: place of the family among its kind. */
  of(family: Family, index: number, pairs: number): number | undefined {
    if (family.isListed && !this.#areShared) return fitted(family, this.#shape, pairs);
    const name = `${index} ${pairs}`;
    if (!this.#known.has(name)) this.#known.set(name, fitted(family, this.#shape, pairs));
    return this.#known.get(name);
  }
}

/**
 * Tries every family at every budget (pairs of a head) on a head's sample; only listed ones, if that is asked.
 *
 * @param pause called after each family, which takes up to tenths of a second: lets others have their turn
 */
export async function searchHead(
  families: readonly Family[],
  sizes: Sizes,
  sample: RowSample,
  shape: CurveShape,
  budgets: readonly number[],
  pause: () => Promise<void>,
  which: 'all' | 'listed' = 'all',
): Promise<Choices> {
  const found: Choices[number][] = [];
  for (const [index, family] of families.entries()) {
    const isWanted = which === 'all' || family.isListed;
    const ofBudget = (budget: number): Choice | undefined => {
      if (!isWanted) return undefined;
      const size = sizes.of(family, index, budget);
      if (size === undefined) return undefined;
      const candidate = family.make(size);
      return {
        family: family.name,
        expression: candidate.expression,
        pairs: pairsOf(candidate, shape),
        recall: recallOf(candidate, sample, shape),
      };
    };
    found.push(budgets.map(ofBudget));
    if (isWanted) await pause();
  }
  return found;
}

/**
 * The best choice of a head at a budget. Families come in the order of their words: a later one has to keep more by `worth`.
 */
export function bestAt(choices: Choices, budget: number, worth = 0): Choice | undefined {
  let best: Choice | undefined;
  for (const ofFamily of choices) {
    const choice = ofFamily[budget];
    if (choice !== undefined && (best === undefined || choice.recall > best.recall + worth)) best = choice;
  }
  return best;
}

/** One pattern for several heads: means of what they are to each. */
export function sharedBy(heads: readonly Choices[]): Choices {
  const [first] = heads;
  if (first === undefined) return [];
  return first.map((ofFamily, family) =>
    ofFamily.map((choice, budget) => {
      if (choice === undefined) return undefined;
      const all = heads.map(head => head[family]?.[budget]);
      const text = textOf(choice.expression);
      if (all.some(other => other === undefined || textOf(other.expression) !== text)) return undefined;
      return { ...choice, recall: all.reduce((sum, other) => sum + (other?.recall ?? 0), 0) / heads.length };
    }),
  );
}

/**
 * Divides pairs among heads so that together they keep most: each begins with its cheapest choice, and the step that keeps
 * most for its pairs is taken next, while there are pairs left.
 *
 * @param heads each head's choices at ascending budgets
 * @param most pairs of all heads
 * @returns a choice for each head, or undefined when not even the cheapest ones fit
 */
export function divided(heads: readonly (readonly Choice[])[], most: number): Choice[] | undefined {
  const hulls = heads.map(hullOf);
  const at = hulls.map(() => 0);
  let left = most;
  for (const [first] of hulls) {
    if (first === undefined) return undefined;
    left -= first.pairs;
  }
  if (left < 0) return undefined;
  const done = hulls.map(() => false);
  for (;;) {
    let best = -1;
    let steepest = 0;
    hulls.forEach((hull, head) => {
      const now = hull[at[head] ?? 0];
      const next = hull[(at[head] ?? 0) + 1];
      if (done[head] || now === undefined || next === undefined) return;
      const slope = (next.recall - now.recall) / (next.pairs - now.pairs);
      if (slope > steepest) [best, steepest] = [head, slope];
    });
    if (best < 0) break;
    const now = hulls[best]?.[at[best] ?? 0];
    const next = hulls[best]?.[(at[best] ?? 0) + 1];
    const more = (next?.pairs ?? 0) - (now?.pairs ?? 0);
    if (more > left) {
      done[best] = true;
      continue;
    }
    left -= more;
    at[best] = (at[best] ?? 0) + 1;
  }
  return hulls.flatMap((hull, head) => hull[at[head] ?? 0] ?? []);
}

/** The choices that are worth their pairs: recall rises with them, ever less steeply. */
function hullOf(choices: readonly Choice[]): Choice[] {
  const sorted = [...choices].sort((a, b) => a.pairs - b.pairs || b.recall - a.recall);
  const hull: Choice[] = [];
  for (const choice of sorted) {
    const last = hull.at(-1);
    if (last !== undefined && choice.recall <= last.recall) continue;
    for (;;) {
      const [before, middle] = hull.slice(-2);
      if (before === undefined || middle === undefined) break;
      const first = (middle.recall - before.recall) * (choice.pairs - middle.pairs);
      const second = (choice.recall - middle.recall) * (middle.pairs - before.pairs);
      if (first > second) break;
      hull.pop();
    }
    if (hull.at(-1)?.pairs === choice.pairs) continue;
    hull.push(choice);
  }
  return hull;
}
