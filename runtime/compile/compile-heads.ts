import type { HeadPlans, PlanParts } from '../attention/types.ts';
import { bindPattern, isDynamic } from '../pattern/bind.ts';
import type { Model, Pattern } from '../pattern/ir.ts';
import { maskName } from '../pattern/mask-name.ts';
import { coveredAt, shapeAt } from '../pattern/model.ts';
import type { Shape } from '../pattern/shape.ts';
import type { CompileOptions } from './mask-tree.ts';
import { compilePatternParts } from './pattern-parts.ts';
import { compilePlan } from './plan.ts';
import type { TilePlan } from './tile-plan.ts';

/**
 * Plans of some heads of one layer, in the order given; heads with equal masks share a plan.
 * `tokens` replaces the model's own. Throws PatternError (also when no rule reaches a head) and CompileError.
 */
export function compileHeads(
  model: Model,
  layer: number,
  heads: readonly number[],
  tokens: number | undefined,
  options: CompileOptions = {},
): HeadPlans {
  const plans = new SharedPlans();
  const planOf = perMask(model, layer, tokens, (pattern, shape) =>
    plans.indexOf(compilePlan(bindPattern(pattern, shape), shape, options)),
  );
  const headPlan = heads.map(planOf);
  return { plans: plans.all, headPlan };
}

/**
 * The same in disjoint parts, each in the order of tokens that makes it dense (see `compilePatternParts`); one part when the
 * order of the sequence is good for all heads.
 */
export function compileHeadParts(
  model: Model,
  layer: number,
  heads: readonly number[],
  tokens: number | undefined,
  options: CompileOptions = {},
): PlanParts {
  return compileEach(model, layer, heads, tokens, (pattern, shape) => compilePatternParts(pattern, shape, options));
}

/**
 * Parts of the heads' masks as `make` compiles them: once for heads whose patterns come to the same, and for each head where
 * content chooses. `index` is the head's place in `heads`.
 */
export function compileEach(
  model: Model,
  layer: number,
  heads: readonly number[],
  tokens: number | undefined,
  make: (pattern: Pattern, shape: Shape, index: number) => readonly TilePlan[],
): PlanParts {
  const headParts = heads.map(perMask(model, layer, tokens, make));
  const most = Math.max(1, ...headParts.map(parts => parts.length));
  return Array.from({ length: most }, (_, part) => {
    const plans = new SharedPlans();
    const headPlan = headParts.map(parts => {
      const plan = parts[part] ?? (parts[0] === undefined ? undefined : emptyLike(parts[0]));
      if (plan === undefined) throw new RangeError('a mask has at least one part');
      return plans.indexOf(plan);
    });
    return { plans: plans.all, headPlan };
  });
}

/** What `make` makes of each head's pattern; heads whose patterns come to the same, and ask for no content, share it. */
function perMask<T>(
  model: Model,
  layer: number,
  tokens: number | undefined,
  make: (pattern: Pattern, shape: Shape, index: number) => T,
): (head: number, index: number) => T {
  const known = new Map<string, T>();
  return (head, index) => {
    const shape = shapeAt(model, layer, head, tokens);
    const pattern = coveredAt(model, layer, head);
    if (isDynamic(pattern, shape)) return make(pattern, shape, index);
    const name = maskName(pattern, shape);
    const shared = known.get(name);
    if (shared !== undefined) return shared;
    const made = make(pattern, shape, index);
    known.set(name, made);
    return made;
  };
}

/** Plans that differ: `(j + head) % 8 == 0` reads the head and still gives only eight masks. */
class SharedPlans {
  readonly all: TilePlan[] = [];

  indexOf(plan: TilePlan): number {
    const same = this.all.findIndex(other => isSamePlan(other, plan));
    return same >= 0 ? same : this.all.push(plan) - 1;
  }
}

function emptyLike({ tile, queries, keys, rowStart }: TilePlan): TilePlan {
  const none = new Uint32Array(0);
  return {
    tile,
    queries,
    keys,
    rowStart: new Uint32Array(rowStart.length),
    column: none,
    maskId: none,
    masks: none,
    pairs: new Float64Array(rowStart.length - 1),
  };
}

/** Do two plans of one shape hold the same tiles? */
function isSamePlan(a: TilePlan, b: TilePlan): boolean {
  return (
    isSameArray(a.rowStart, b.rowStart) &&
    isSameArray(a.column, b.column) &&
    isSameArray(a.maskId, b.maskId) &&
    isSameArray(a.masks, b.masks) &&
    isSameOrder(a.queryOrder, b.queryOrder) &&
    isSameOrder(a.keyOrder, b.keyOrder)
  );
}

function isSameArray(a: Uint32Array, b: Uint32Array): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function isSameOrder(a: Uint32Array | undefined, b: Uint32Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isSameArray(a, b);
}
