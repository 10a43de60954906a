import { type SampleShape, sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { AttentionInput, HeadPlans } from '../../../runtime/attention/types.ts';
import type { TilePlan } from '../../../runtime/compile/tile-plan.ts';
import { densePlan } from '../dense-plan.ts';

export interface Problem {
  readonly name: string;
  readonly input: AttentionInput;
  readonly plans: HeadPlans;
}

type Predicate = (row: number, key: number) => boolean;

/** A predicate that looks random but is the same on every run. */
export const scattered =
  (percent: number): Predicate =>
  (i, j) =>
    (Math.imul(i * 2654435761 + j * 40503 + 12345, 2246822519) >>> 8) % 100 < percent;

export function problem(
  name: string,
  shape: Partial<SampleShape>,
  predicates: readonly Predicate[],
  tile?: TilePlan['tile'],
  headPlan?: readonly number[],
): Problem {
  const heads = shape.heads ?? 1;
  const queries = shape.queries ?? 64;
  const keys = shape.keys ?? queries;
  const full = { heads, kvHeads: shape.kvHeads ?? heads, queries, keys, headDim: shape.headDim ?? 64 };
  const plans = predicates.map(allowed => densePlan(queries, keys, allowed, tile));
  const assigned = headPlan ?? Array.from({ length: heads }, (_, head) => head % plans.length);
  return { name, input: sampleInput(full, 7), plans: { plans, headPlan: assigned } };
}

const causal: Predicate = (i, j) => j <= i;
const band: Predicate = (i, j) => Math.abs(i - j) < 20 || j < 4;
/** Rows 5, 6 and everything from 70 to 80 attend to nothing. */
const holes: Predicate = (i, j) => j <= i && i !== 5 && i !== 6 && (i < 70 || i > 80);

/** Awkward problems that every kernel must get right. */
export const problems: readonly Problem[] = [
  problem('one token', { queries: 1, headDim: 8 }, [() => true]),
  problem('one token that may not attend', { queries: 1, headDim: 8 }, [() => false]),
  ...[1, 16, 33, 64, 128, 256].map(headDim =>
    problem(`head dimension ${headDim}`, { queries: 70, heads: 2, headDim }, [causal, band]),
  ),
  problem('rows without keys', { queries: 130, heads: 3, kvHeads: 1, headDim: 32 }, [holes]),
  problem('no pair at all', { queries: 65, headDim: 16 }, [() => false]),
  problem('full, ragged', { queries: 129, headDim: 24 }, [() => true]),
  problem('full tiles only', { queries: 128, headDim: 20 }, [() => true]),
  problem('scattered pairs', { queries: 150, heads: 4, kvHeads: 2, headDim: 40 }, [scattered(3), scattered(50)]),
  problem('fewer queries than keys', { queries: 7, keys: 200, heads: 4, kvHeads: 2 }, [(i, j) => j <= i + 193]),
  problem('more queries than keys', { queries: 150, keys: 20, headDim: 17 }, [scattered(40)]),
  problem(
    'separate plans, some heads share',
    { queries: 100, heads: 6, kvHeads: 3 },
    [causal, band, holes],
    undefined,
    [2, 0, 0, 1, 2, 1],
  ),
  problem('tile 16 x 16', { queries: 75, headDim: 31 }, [band], { queries: 16, keys: 16 }),
  problem('tile 1 x 48', { queries: 21, keys: 101, headDim: 12 }, [scattered(30)], { queries: 1, keys: 48 }),
  problem('tile 50 x 80', { queries: 120, headDim: 36 }, [causal], { queries: 50, keys: 80 }),
  problem('tile 128 x 128', { queries: 300, headDim: 64 }, [band], { queries: 128, keys: 128 }),
  problem('tile 256 x 32', { queries: 290, headDim: 48 }, [holes], { queries: 256, keys: 32 }),
];
