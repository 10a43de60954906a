import { modelFlow } from '../../runtime/analyse/flow.ts';
import type { FlowReport } from '../../runtime/analyse/flow-report.ts';
import { type Recognised, recognise } from '../../runtime/analyse/recognise.ts';
import { recogniseSchedule, type Schedule } from '../../runtime/analyse/recognise-schedule.ts';
import { CompileError } from '../../runtime/compile/mask-tree.ts';
import { bindPattern } from '../../runtime/pattern/bind.ts';
import type { Model, Pattern } from '../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { isUniform } from '../../runtime/pattern/reads.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { keyOf } from '../check/facts.ts';
import { type Checkpoint, type Idle, SlowAnswers } from '../slow-answers.ts';

/** Lenses ask for all declarations of a file again and again: forgetting some of them would never come to an end. */
const KEPT_DESIGNS = 4096;
/** Hovers ask for few at a time. */
const KEPT_FLOWS = 256;
/** Squares that are looked at for a design: what is made of more is none that people know by name. */
const MAX_SQUARES = 2 ** 17;
/** What takes longer than a moment has bounds, or nothing. */
const EFFORT = 1 / 20;
/** Longer sequences keep the server from answering for too long. */
const MOST_TOKENS = 2 ** 22;

/** What masks are and do: it takes longer than counting, and never makes anybody wait. */
export class Analyses {
  readonly #designs: SlowAnswers<Recognised | undefined>;
  readonly #schedules: SlowAnswers<Schedule | undefined>;
  readonly #flows: SlowAnswers<FlowReport | undefined>;
  readonly #hasIdle: boolean;

  /** With `idle` all of it is found out in pauses, and is there for whoever asks again. */
  constructor(idle?: Idle) {
    this.#hasIdle = idle !== undefined;
    this.#designs = new SlowAnswers(KEPT_DESIGNS, idle);
    this.#schedules = new SlowAnswers(KEPT_DESIGNS, idle);
    this.#flows = new SlowAnswers(KEPT_FLOWS, idle);
  }

  /**
   * The design that a mask is, by its pairs; undefined when it is none, when its text says so itself (`sliding(8)`), and as long
   * as nobody knows. `milliseconds`: where nothing is found out later.
   */
  designOf(pattern: Pattern, shape: Shape, milliseconds: number): Recognised | undefined {
    if (shape.tokens > MOST_TOKENS) return undefined;
    const found = this.#ask(this.#designs, `design${keyOf([pattern, shape])}`, milliseconds, checkpoint =>
      recognise(bindPattern(pattern, shape), shape, { pattern }, { checkpoint, maxNodes: MAX_SQUARES }),
    );
    return found === undefined || found.name === 'composition' || found.name === primitiveOf(pattern)
      ? undefined
      : found;
  }

  /** How the layers of a model take turns; undefined when they do not, or as long as nobody knows. */
  scheduleOf(model: Model, milliseconds: number): Schedule | undefined {
    if ((model.tokens ?? 0) > MOST_TOKENS) return undefined;
    return this.#ask(this.#schedules, `schedule${keyOf(model)}`, milliseconds, checkpoint =>
      recogniseSchedule(model, undefined, { checkpoint, maxNodes: MAX_SQUARES }),
    );
  }

  /** How information flows through the layers of a model. */
  flowOf(model: Model, milliseconds: number): FlowReport | undefined {
    if ((model.tokens ?? 0) > MOST_TOKENS) return undefined;
    return this.#ask(this.#flows, `flow${keyOf(model)}`, milliseconds, checkpoint =>
      modelFlow(model, undefined, { checkpoint, effort: EFFORT }),
    );
  }

  /** The same through layers that all have one mask. */
  flowOfPattern(pattern: Pattern, shape: Shape, milliseconds: number): FlowReport | undefined {
    const { tokens, queries, offset, layers, heads, layer, head } = shape;
    const align = queries < tokens && offset === 0 ? 'start' : 'end';
    const rules = [{ layers: [layer], heads: [head], pattern }];
    const model: Model = {
      ...{ name: 'pattern', kind: 'model', tokens, queries, align, layers, heads, rules },
      ...{ kvHeads: heads, headDim: null, dtype: 'f32', batch: 1, causal: false },
    };
    if (tokens > MOST_TOKENS) return undefined;
    return this.#ask(this.#flows, `flow${keyOf([pattern, shape])}`, milliseconds, checkpoint =>
      modelFlow(model, undefined, { checkpoint, effort: EFFORT, only: { layer, head } }),
    );
  }

  #ask<T>(
    answers: SlowAnswers<T | undefined>,
    key: string,
    milliseconds: number,
    compute: (checkpoint: Checkpoint) => T | undefined,
  ): T | undefined {
    return answers.ask(key, this.#hasIdle ? 0 : milliseconds, checkpoint => {
      try {
        return compute(checkpoint);
      } catch (error) {
        // No meaning at this length, chosen by content, or too large.
        if (error instanceof PatternError || error instanceof CompileError || error instanceof RangeError)
          return undefined;
        throw error;
      }
    })?.value;
  }
}

/** The primitive that a pattern is, by whatever name it is called; undefined when it is made of several. */
function primitiveOf(pattern: Pattern): string | undefined {
  if (pattern.kind === 'named') return primitiveOf(pattern.pattern);
  return pattern.kind === 'primitive' ? pattern.name : undefined;
}

/** The mask that all layers and heads of a model have; undefined when it has several. */
export function onlyMask(model: Model): { readonly pattern: Pattern; readonly shape: Shape } | undefined {
  const pattern = patternAt(model, 0, 0);
  if (pattern === undefined || model.rules.length !== 1 || !isUniform(pattern)) return undefined;
  return { pattern, shape: shapeAt(model, 0, 0) };
}
