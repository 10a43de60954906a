import { spaceComplexity } from '../../runtime/analyse/complexity.ts';
import { type ModelCost, modelCost } from '../../runtime/analyse/cost.ts';
import { modelFlow, shortestWay } from '../../runtime/analyse/flow.ts';
import type { FlowReport } from '../../runtime/analyse/flow-report.ts';
import { type Recognised, recognise } from '../../runtime/analyse/recognise.ts';
import { recogniseSchedule, type Schedule } from '../../runtime/analyse/recognise-schedule.ts';
import { type Waste, wasteOf } from '../../runtime/analyse/waste.ts';
import { CompileError, type TileSize } from '../../runtime/compile/mask-tree.ts';
import type { MaskSummary, SummarySubject } from '../../runtime/export/json.ts';
import { bindPattern } from '../../runtime/pattern/bind.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { type BudgetSummary, count, type EstimateSummary } from './count.ts';

/** Nobody waits with a hand on the keyboard: flow is followed longer than in the editor. */
const EFFORT = 8;

/** Seconds in which a mask or a schedule is recognised, or is no known design. */
const RECOGNISING = 5;

/** Squares of a mask that may be a known design: more of scattered pairs take hundreds of megabytes. */
const MOST_SQUARES = 2 ** 19;

/** What `stats` is asked. */
export interface AnalysisSubject extends SummarySubject {
  readonly model: Model;
  /** Tile of the kernel whose cost is told. */
  readonly tile?: TileSize;
  /** Is the flow of information asked for? */
  readonly flow: boolean;
  /** A position whose receptive field is asked for, and a key to which a way is. */
  readonly from?: number;
  readonly to?: number;
}

export interface Analysis {
  readonly summary: MaskSummary | BudgetSummary | EstimateSummary;
  readonly space: string;
  /** Null where the pairs are not known, or too irregular. */
  readonly waste: Waste | null;
  readonly cost: ModelCost | null;
  /** The published design that the mask is, by its pairs. */
  readonly recognised: Recognised | null;
  /** How the layers of a model take turns, where they do and each is a known design. */
  readonly schedule: Schedule | null;
  readonly flow?: FlowReport;
  /** Positions of a shortest way from query to key, null when there is none. */
  readonly way?: readonly number[] | null;
}

/** All numbers of `stats`. Throws PatternError and CompileError. */
export function analyse(subject: AnalysisSubject): Analysis {
  const { model, pattern, shape, tile, from, to } = subject;
  const summary = count(subject);
  // A bare pattern was made a model that is just large enough for its layer and head.
  const only = model.kind === 'pattern' ? { only: { layer: shape.layer, head: shape.head } } : {};
  const countable = !('pairsAbout' in summary);
  return {
    summary,
    space: spaceComplexity(pattern, shape),
    waste: 'pairs' in summary ? orNull(() => wasteOf(bindPattern(pattern, shape), shape)) : null,
    cost: countable ? orNull(() => modelCost(model, shape.tokens, { ...only, ...(tile && { tile }) })) : null,
    recognised: 'pairs' in summary ? soon(checkpoint => recognisedAs(subject, checkpoint)) : null,
    schedule: countable ? soon(checkpoint => recogniseSchedule(model, shape.tokens, { checkpoint })) : null,
    ...(subject.flow
      ? {
          flow: modelFlow(model, shape.tokens, { ...only, effort: EFFORT, ...(from !== undefined && { token: from }) }),
        }
      : {}),
    ...(from !== undefined && to !== undefined
      ? { way: shortestWay(model, from, to, shape.tokens, only) ?? null }
      : {}),
  };
}

function recognisedAs({ pattern, shape }: AnalysisSubject, checkpoint: () => void): Recognised | undefined {
  return recognise(bindPattern(pattern, shape), shape, { pattern }, { checkpoint, maxNodes: MOST_SQUARES });
}

/** Null when there is no answer, and when it takes too long to find out. */
function soon<T>(ask: (checkpoint: () => void) => T | undefined): T | null {
  const end = performance.now() + 1000 * RECOGNISING;
  const checkpoint = (): void => {
    if (performance.now() > end) throw new CompileError('the mask is too irregular to be a known design');
  };
  return orNull(() => ask(checkpoint)) ?? null;
}

/** What is too irregular for small tiles, or has heads that nobody reaches, still has its pairs. */
function orNull<T>(compute: () => T): T | null {
  try {
    return compute();
  } catch (error) {
    if (error instanceof CompileError || (error instanceof PatternError && error.code === 'uncovered')) return null;
    throw error;
  }
}
