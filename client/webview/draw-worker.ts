import { complexity } from '../../runtime/analyse/complexity.ts';
import { modelCost } from '../../runtime/analyse/cost.ts';
import { COUNTED_SQUARES, estimatePairs } from '../../runtime/analyse/estimate.ts';
import { modelFlow } from '../../runtime/analyse/flow.ts';
import { statistics } from '../../runtime/analyse/statistics.ts';
import { type Waste, wasteOf } from '../../runtime/analyse/waste.ts';
import { compileHeadParts } from '../../runtime/compile/compile-heads.ts';
import { buildMaskTree, CompileError, type CompileOptions } from '../../runtime/compile/mask-tree.ts';
import { buffersOf } from '../../runtime/compile/tile-plan.ts';
import { LayeredMask } from '../../runtime/draw/layered-mask.ts';
import { partsOf } from '../../runtime/draw/parts.ts';
import { rasterize } from '../../runtime/draw/raster.ts';
import { bindPattern, isDynamic } from '../../runtime/pattern/bind.ts';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { hasCondition } from '../../runtime/pattern/reads.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import type {
  CostAnswer,
  Counted,
  DrawingAnswers,
  DrawingRequest,
  FromWorker,
  MaskChoice,
  Measurement,
  ToWorker,
} from './drawing-messages.ts';

/** It is computed after every edit, until the next one: seconds at the most, and bounds where that is not enough. */
const FLOW_EFFORT = 3 / 4;

/** The worker behind the preview: binds, counts, draws and compiles, so that the page stays responsive. */
declare const self: DedicatedWorkerGlobalScope;

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const { id, request } = event.data;
  try {
    const { answer, transfer } = answerTo(request);
    self.postMessage({ id, ok: true, answer } satisfies FromWorker, transfer);
  } catch (error) {
    self.postMessage({ id, ok: false, message: explain(error) } satisfies FromWorker);
  }
};

interface Answer {
  readonly answer: DrawingAnswers[keyof DrawingAnswers];
  readonly transfer: Transferable[];
}

function answerTo(request: DrawingRequest): Answer {
  switch (request.kind) {
    case 'draw': {
      const { pattern, shape } = chosen(request.choice);
      const { mask } = LayeredMask.of(pattern, shape);
      const raster = rasterize(mask, shape, request.view, { surroundings: request.surroundings });
      return { answer: { view: request.view, ...raster }, transfer: [raster.pixels.buffer] };
    }
    case 'measure':
      return { answer: measure(request.choice), transfer: [] };
    case 'cost':
      return { answer: costOf(request.choice), transfer: [] };
    case 'flow': {
      const { model, tokens } = request.choice;
      return { answer: modelFlow(model, tokens, { effort: FLOW_EFFORT }), transfer: [] };
    }
    case 'plans': {
      const { model, layer, tokens } = request.choice;
      const answer = compileHeadParts(model, layer, request.heads, tokens);
      const plans = answer.flatMap(part => part.plans);
      return { answer, transfer: [...new Set(plans.flatMap(buffersOf))] };
    }
  }
}

function chosen({ model, layer, head, tokens }: MaskChoice): { pattern: Pattern; shape: Shape } {
  const shape = shapeAt(model, layer, head, tokens);
  const pattern = patternAt(model, layer, head);
  if (pattern === undefined)
    throw new PatternError('uncovered', `No rule of ${model.name} reaches layer ${layer}, head ${head}.`);
  return { pattern, shape };
}

function measure(choice: MaskChoice): Measurement {
  const { pattern, shape } = chosen(choice);
  const irregular = hasCondition(pattern);
  try {
    return counted(pattern, shape, irregular ? { maxNodes: COUNTED_SQUARES } : {});
  } catch (error) {
    if (!(error instanceof CompileError) || !irregular) throw error;
    const { tokens, queries } = shape;
    return {
      estimate: estimatePairs(bindPattern(pattern, shape), shape),
      tokens,
      queries,
      complexity: complexity(pattern),
    };
  }
}

function counted(pattern: Pattern, shape: Shape, options: CompileOptions): Counted {
  const parts = partsOf(pattern, shape).map(part => {
    const inMask: Pattern = { kind: 'intersection', left: part.pattern, right: pattern };
    const tree = buildMaskTree(bindPattern(inMask, shape), shape, options);
    return { label: part.label, span: part.span, pairs: tree.root?.pairs ?? 0 };
  });
  return { statistics: statistics(pattern, shape, options), parts };
}

function costOf(choice: MaskChoice): CostAnswer {
  const { pattern, shape } = chosen(choice);
  return {
    cost: modelCost(choice.model, choice.tokens),
    waste: isDynamic(pattern) ? null : wasteOrNull(pattern, shape),
  };
}

function wasteOrNull(pattern: Pattern, shape: Shape): Waste | null {
  try {
    return wasteOf(bindPattern(pattern, shape), shape);
  } catch (error) {
    // Too irregular for small tiles; the cost with larger ones is known.
    if (error instanceof CompileError) return null;
    throw error;
  }
}

function explain(error: unknown): string {
  if (error instanceof PatternError || error instanceof CompileError) return error.message;
  return `This mask cannot be drawn: ${error instanceof Error ? error.message : String(error)}`;
}
