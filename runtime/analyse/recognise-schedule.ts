import { CompileError, type CompileOptions } from '../compile/mask-tree.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Model } from '../pattern/ir.ts';
import { maskName } from '../pattern/mask-name.ts';
import { patternAt, shapeAt } from '../pattern/model.ts';
import { PatternError } from '../pattern/primitive.ts';
import { designsOf, type ScheduleStep } from './recognise/schedules.ts';
import { recognise } from './recognise.ts';

/** Different masks of one model up to which its layers are looked at. */
const MOST_MASKS = 64;

/** How the layers of a model take turns. */
export interface Schedule {
  /** `Gemma 3`; several where published designs do not differ in their masks; null for one that nobody published. */
  readonly family: string | null;
  /** What the whole is called in a file, and where the library has it: `gemma3(1024)`, `sparse:gemma`. */
  readonly text: string | null;
  readonly module: string | null;
  /** The layers of one round, or all of them where nothing is repeated; layers that are alike together. */
  readonly steps: readonly ScheduleStep[];
  readonly repeated: boolean;
  /** `Gemma 3: sliding(1024) x5, then causal(), repeated` */
  readonly title: string;
}

/**
 * The schedule of a model's layers, by what each of their masks is and not by how it was written. Every head of every
 * layer is recognised for that, so that an answer is never wrong at this length.
 *
 * Undefined for a bare pattern, where all layers are one design, and where a layer is none, has heads of several designs,
 * is chosen by content or is too large or irregular to know. Throws PatternError for a length that the model does not
 * have a meaning at, and what `checkpoint` throws.
 */
export function recogniseSchedule(model: Model, tokens?: number, options: CompileOptions = {}): Schedule | undefined {
  if (model.kind === 'pattern' || model.layers === 1) return undefined;
  const layers = textsOf(model, tokens, options);
  if (layers === undefined || new Set(layers).size === 1) return undefined;
  const period = periodOf(layers);
  const repeated = period !== undefined;
  const steps = stepsOf(layers.slice(0, period));
  const designs = repeated ? designsOf(steps) : [];
  const [design] = designs;
  const family = design === undefined ? null : designs.map(each => each.family).join(' or ');
  const said = steps.map(step => (step.layers === 1 ? step.text : `${step.text} x${step.layers}`)).join(', then ');
  return {
    family,
    text: design?.text ?? null,
    module: design?.module ?? null,
    steps,
    repeated,
    title: `${family === null ? '' : `${family}: `}${said}${repeated ? ', repeated' : ''}`,
  };
}

/** By layer, the design of all its heads. */
function textsOf(model: Model, tokens: number | undefined, options: CompileOptions): readonly string[] | undefined {
  const known = new Map<string, string | undefined>();
  const textAt = (layer: number, head: number): string | undefined => {
    const pattern = patternAt(model, layer, head);
    if (pattern === undefined) return undefined;
    const shape = shapeAt(model, layer, head, tokens);
    const name = maskName(pattern, shape);
    if (!known.has(name)) {
      if (known.size === MOST_MASKS) return undefined;
      const found = recognise(bindPattern(pattern, shape), shape, { pattern }, options);
      known.set(name, found?.text);
    }
    return known.get(name);
  };
  const texts: string[] = [];
  try {
    for (let layer = 0; layer < model.layers; layer++) {
      const text = textAt(layer, 0);
      if (text === undefined) return undefined;
      for (let head = 1; head < model.heads; head++) if (textAt(layer, head) !== text) return undefined;
      texts.push(text);
    }
  } catch (error) {
    if (error instanceof CompileError || (error instanceof PatternError && error.code === 'dynamic')) return undefined;
    throw error;
  }
  return texts;
}

/** After how many layers they begin anew; undefined where they do not do so at least once, all the way to the next time. */
function periodOf(layers: readonly string[]): number | undefined {
  for (let period = 1; 2 * period <= layers.length; period++)
    if (layers.every((text, layer) => text === layers[layer % period])) return period;
  return undefined;
}

function stepsOf(layers: readonly string[]): readonly ScheduleStep[] {
  const steps: { layers: number; text: string }[] = [];
  for (const text of layers) {
    const last = steps.at(-1);
    if (last?.text === text) last.layers++;
    else steps.push({ layers: 1, text });
  }
  return steps;
}
