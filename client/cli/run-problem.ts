import { totalmem } from 'node:os';
import { modelForInput } from '../../runtime/attention/fit-model.ts';
import { oneHead } from '../../runtime/attention/one-head.ts';
import { sampleInput } from '../../runtime/attention/sample-data.ts';
import type { AttentionInput } from '../../runtime/attention/types.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { messageOf, wrongUse } from './failure.ts';
import { bytes } from './numbers.ts';
import { checkIndex, needsTokens, type Subject, type SubjectOptions } from './subject.ts';

/** Head width where neither the model nor the tensors say. */
const DEFAULT_HEAD_DIM = 64;

/** What to compute: the heads of one layer of a model on some data. */
export interface RunProblem {
  readonly model: Model;
  readonly layer: number;
  /** Heads of the model, in the order of the data's. */
  readonly heads: readonly number[];
  /** Of made-up data: made when it is first asked for. */
  readonly input: AttentionInput;
}

/**
 * Fits tensors to the subject: they give a bare pattern its length and heads, and have to agree with a model, which takes
 * from them what it does not state: queries and head_dim.
 *
 * @throws Failure (2) when they do not fit
 */
export function problemOfTensors(
  subject: Subject,
  options: SubjectOptions,
  file: string,
  input: AttentionInput,
): RunProblem {
  return choose(modelOfTensors(subject, options, file, input), options, input);
}

/** The subject's model as tensors of these sizes have it. Throws Failure (2) when they do not fit. */
export function modelOfTensors(
  subject: Subject,
  options: SubjectOptions,
  file: string,
  sizes: Omit<AttentionInput, 'q' | 'k' | 'v'>,
): Model {
  const { model, name } = subject;
  const { heads, keys } = sizes;
  const tokens = options.tokens ?? model.tokens;
  if (tokens !== null && tokens !== keys) {
    const asked = options.tokens === undefined ? `${name} has ${tokens}` : `--tokens says ${tokens}`;
    throw wrongUse(
      `${file} has ${keys} tokens, but ${asked}; use --tokens ${keys} or tensors of [kv_heads, ${tokens}, head_dim]`,
    );
  }
  let fitted: Model;
  try {
    fitted = modelForInput(model, file, sizes);
  } catch (error) {
    throw wrongUse(messageOf(error));
  }
  checkIndex(model.kind === 'pattern' ? file : name, 'head', options.head, heads);
  return fitted;
}

/**
 * Makes up data for the subject: the same numbers every time.
 *
 * @throws Failure (2) when it has no length, or the data would not fit into memory
 */
export function problemOfSamples(subject: Subject, options: SubjectOptions): RunProblem {
  const { model, name } = subject;
  const tokens = options.tokens ?? model.tokens;
  if (tokens === null) throw needsTokens(subject);
  const one = options.head !== undefined;
  checkIndex(name, 'head', options.head, model.heads);
  const shape = {
    heads: one ? 1 : model.heads,
    kvHeads: one ? 1 : model.kvHeads,
    queries: model.queries ?? tokens,
    keys: tokens,
    headDim: model.headDim ?? DEFAULT_HEAD_DIM,
  };
  if (shape.queries > tokens)
    throw wrongUse(`${name} has ${shape.queries} queries but only ${tokens} tokens; use more --tokens`);
  // q and o, k and v, and the copies that a backend makes of them.
  const needed = 2 * 4 * shape.headDim * (2 * shape.heads * shape.queries + 2 * shape.kvHeads * shape.keys);
  if (needed > totalmem() / 2)
    throw wrongUse(
      `a run of ${name} at ${tokens} tokens needs about ${bytes(needed)} of memory; use fewer --tokens${one || model.heads === 1 ? '' : ', or one --head'}`,
    );
  const heads = options.head !== undefined ? [options.head] : [...Array(model.heads).keys()];
  let made: AttentionInput | undefined;
  return {
    model: { ...model, tokens },
    layer: options.layer ?? 0,
    heads,
    // Long sequences take seconds to make up; a plan that turns out too large needs none.
    get input() {
      made ??= sampleInput(shape);
      return made;
    },
  };
}

/** All heads, or the one that was asked for. */
function choose(model: Model, options: SubjectOptions, input: AttentionInput): RunProblem {
  const layer = options.layer ?? 0;
  return options.head === undefined
    ? { model, layer, heads: [...Array(model.heads).keys()], input }
    : { model, layer, heads: [options.head], input: oneHead(input, options.head) };
}
