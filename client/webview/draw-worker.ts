import { complexity } from '../../runtime/analyse/complexity.ts';
import { ASSUMED_HEAD_DIM, modelCost } from '../../runtime/analyse/cost.ts';
import { COUNTED_SQUARES, estimatePairs } from '../../runtime/analyse/estimate.ts';
import { fitOf } from '../../runtime/analyse/fit.ts';
import { modelFlow, shortestWay } from '../../runtime/analyse/flow.ts';
import { receptiveField } from '../../runtime/analyse/receptive-field.ts';
import { recognise } from '../../runtime/analyse/recognise.ts';
import { rowSpread, rowStretches } from '../../runtime/analyse/row-spread.ts';
import { pairsByLength } from '../../runtime/analyse/scaling.ts';
import { statistics } from '../../runtime/analyse/statistics.ts';
import { type Waste, wasteOf } from '../../runtime/analyse/waste.ts';
import { buildMaskTree, CompileError, type CompileOptions } from '../../runtime/compile/mask-tree.ts';
import { rowCounts } from '../../runtime/compile/row-counts.ts';
import { withoutParts } from '../../runtime/draw/hidden-parts.ts';
import { LayeredMask } from '../../runtime/draw/layered-mask.ts';
import { partsOf } from '../../runtime/draw/parts.ts';
import { tileCover } from '../../runtime/draw/tile-cover.ts';
import { bindPattern, isDynamic } from '../../runtime/pattern/bind.ts';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import { hasCondition } from '../../runtime/pattern/reads.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { comparisonOf } from './compare/drawn-mask.ts';
import { chooseSample } from './content/choose-sample.ts';
import type {
  CostAnswer,
  Counted,
  DesignAnswer,
  DrawingAnswers,
  DrawingRequest,
  FromWorker,
  Measurement,
  RowsAnswer,
  ScalingAnswer,
  ToWorker,
} from './drawing-messages.ts';
import { explain } from './explain.ts';
import { headMasks, sampleThumbnail } from './heads.ts';
import { asWritten, chosen, type MaskChoice, modelShown } from './mask-choice.ts';
import { pictureFile } from './save/picture-file.ts';
import { timeLimit } from './time-limit.ts';

/** It is computed after every edit, until the next one: seconds at the most, and bounds where that is not enough. */
const FLOW_EFFORT = 3 / 4;

/** Milliseconds that somebody waits for a way or a field at the most; most masks of 4Mi tokens take up to ten seconds. */
const LONGEST_SEARCH = 15_000;

/** The worker behind the preview that answers questions: counts, compiles, analyses, and draws files. */
declare const self: DedicatedWorkerGlobalScope;

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const { id, request } = event.data;
  if (request.kind === 'choose' || request.kind === 'sampleThumbnail') {
    void choose(id, request);
    return;
  }
  try {
    const { answer, transfer } = answerTo(request);
    self.postMessage({ id, ok: true, answer } satisfies FromWorker, transfer);
  } catch (error) {
    self.postMessage({ id, ok: false, message: explain(error) } satisfies FromWorker);
  }
};

type Chosen = 'choose' | 'sampleThumbnail';

/** Takes a while, on and off. */
async function choose(id: number, request: DrawingRequest & { readonly kind: Chosen }): Promise<void> {
  const { choice } = request;
  try {
    const answer =
      request.kind === 'choose' ? await chooseSample(choice) : await sampleThumbnail(choice, request.palette);
    self.postMessage({ id, ok: true, answer } satisfies FromWorker);
  } catch (error) {
    self.postMessage({ id, ok: false, message: explain(error) } satisfies FromWorker);
  }
}

interface Answer {
  readonly answer: DrawingAnswers[keyof DrawingAnswers];
  readonly transfer: Transferable[];
}

function answerTo(request: Exclude<DrawingRequest, { readonly kind: Chosen }>): Answer {
  switch (request.kind) {
    case 'measure':
      return { answer: measure(request.choice), transfer: [] };
    case 'rows':
      return { answer: rowsOf(request.choice), transfer: [] };
    case 'scaling':
      return { answer: scalingOf(request.choice), transfer: [] };
    case 'design':
      return { answer: designOf(request.choice), transfer: [] };
    case 'fit': {
      const { choice } = request;
      const { layer, head, tokens } = choice;
      // A library that takes the mask of a sample does not choose by content.
      return { answer: fitOf(modelShown(asWritten(choice)), { layer, head, tokens }), transfer: [] };
    }
    case 'cost':
      return { answer: costOf(request.choice), transfer: [] };
    case 'flow': {
      const { choice } = request;
      return { answer: modelFlow(modelShown(choice), choice.tokens, { effort: FLOW_EFFORT }), transfer: [] };
    }
    case 'heads':
      return { answer: headMasks(request.choice, request.palette), transfer: [] };
    case 'tiles': {
      const { pattern, shape } = chosen(request.choice);
      const { mask } = LayeredMask.of(pattern, shape, request.choice.hidden);
      const answer = tileCover(mask, shape, request.range);
      return { answer, transfer: [answer.buffer] };
    }
    case 'way': {
      const { choice, query, key } = request;
      const checkpoint = timeLimit('a way was looked for in vain', LONGEST_SEARCH);
      const way = shortestWay(modelShown(choice), query, key, choice.tokens, { checkpoint });
      return { answer: way ?? null, transfer: [] };
    }
    case 'picture': {
      const answer = pictureFile(request.drawn, request.choice);
      return { answer, transfer: [answer.buffer] };
    }
    case 'compare':
      return { answer: comparisonOf(request.choice, request.against), transfer: [] };
    case 'field': {
      const { choice, query } = request;
      const checkpoint = timeLimit('The receptive field was followed, not to its end,', LONGEST_SEARCH);
      const options = { effort: FLOW_EFFORT, checkpoint };
      const answer = receptiveField(modelShown(choice), query, choice.tokens, options);
      return { answer, transfer: [answer.after.buffer] };
    }
  }
}

function measure(choice: MaskChoice): Measurement {
  const { pattern: written, shape } = chosen(choice);
  const pattern = withoutParts(written, shape, choice.hidden);
  const irregular = hasCondition(pattern);
  try {
    return counted(pattern, written, shape, irregular ? { maxNodes: COUNTED_SQUARES } : {});
  } catch (error) {
    if (!(error instanceof CompileError) || !irregular) throw error;
    const { tokens, queries } = shape;
    return {
      estimate: estimatePairs(bindPattern(pattern, shape), shape),
      tokens,
      queries,
      complexity: complexity(pattern, shape),
    };
  }
}

function counted(pattern: Pattern, written: Pattern, shape: Shape, options: CompileOptions): Counted {
  const parts = partsOf(written, shape).map(part => {
    // A hidden part keeps the number that it has as written.
    const inMask: Pattern = { kind: 'intersection', left: part.pattern, right: written };
    const tree = buildMaskTree(bindPattern(inMask, shape), shape, options);
    return { label: part.label, span: part.span, pairs: tree.root?.pairs ?? 0 };
  });
  return { statistics: statistics(pattern, shape, options), parts };
}

/** Bins of the histogram of keys per query: as many as bars can be told apart in a narrow panel. */
const ROW_BINS = 32;

/** Points of the chart of keys along the sequence: pixels of a narrow panel. */
const ROW_STRETCHES = 256;
/** Lengths of the chart of costs: 64 to 1Mi. */
const LENGTHS = Array.from({ length: 15 }, (_, index) => 2 ** (index + 6));
/** Squares looked at for each of them: milliseconds. What needs more has a shorter line. */
const SCALING_NODES = 2 ** 13;

function scalingOf(choice: MaskChoice): ScalingAnswer {
  const { model } = choice;
  const { pattern, shape } = chosen(choice);
  const labels = partsOf(pattern, shape).map(part => part.label);
  const lengths = pairsByLength(
    tokens => {
      const { pattern: written, shape: at } = chosen({ ...choice, tokens });
      const whole = withoutParts(written, at, choice.hidden);
      const parts = partsOf(written, at).map(part => part.pattern);
      // Parts may have other labels at another length; they come in the order of the source.
      return { shape: at, whole, parts: parts.map(right => ({ kind: 'intersection', left: written, right }) as const) };
    },
    LENGTHS,
    { maxNodes: SCALING_NODES },
  );
  return { name: model.name, headDim: model.headDim ?? ASSUMED_HEAD_DIM, labels, lengths };
}

function rowsOf(choice: MaskChoice): RowsAnswer {
  const { pattern, shape } = chosen({ ...choice, model: modelShown(choice) });
  const options = hasCondition(pattern) ? { maxNodes: COUNTED_SQUARES } : {};
  const counts = rowCounts(buildMaskTree(bindPattern(pattern, shape), shape, options));
  return { spread: rowSpread(counts, ROW_BINS), stretches: rowStretches(counts, ROW_STRETCHES) };
}

function designOf(choice: MaskChoice): DesignAnswer {
  const { pattern, shape } = chosen({ ...choice, model: modelShown(choice) });
  const found = recognise(bindPattern(pattern, shape), shape, { pattern });
  return found === undefined ? null : { title: found.title, text: found.text, module: found.module };
}

function costOf(choice: MaskChoice): CostAnswer {
  const model = modelShown(choice);
  const { pattern, shape } = chosen({ ...choice, model });
  return {
    cost: modelCost(model, choice.tokens),
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
