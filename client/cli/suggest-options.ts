import path from 'node:path';
import type { Baseline } from '../../runtime/analyse/quality.ts';
import type { Budget } from '../../runtime/analyse/suggest/within-time.ts';
import { wrongUse } from './failure.ts';
import type { Computing } from './measure.ts';
import { nameOfTensors, type TensorChoice } from './tensors.ts';

/** The options of `suggest`. */
export interface SuggestCommand extends Computing, TensorChoice {
  readonly input?: string;
  readonly model?: string;
  readonly tokens?: number;
  readonly sequences?: number;
  readonly text?: string;
  readonly density: number;
  readonly ms?: number;
  readonly layer?: number;
  readonly head?: number;
  readonly against?: Baseline;
  readonly listed?: boolean;
  readonly static?: boolean;
  readonly shared?: boolean;
  readonly out?: string;
  readonly svg?: string;
  readonly theme?: 'light' | 'dark';
  readonly force?: boolean;
  readonly json?: boolean;
}

/** What a suggestion may have. */
export function budgetOf({ density, ms }: SuggestCommand): Budget {
  return ms === undefined ? { density } : { ms };
}

/** Options that need a language model, and those that have no meaning with one, with what to do instead. */
const OF_MODELS = ['tokens', 'sequences', 'text'] as const;
const OF_TENSORS = {
  ...{ layer: 'it takes all layers', head: 'it takes all heads' },
  ...{ q: 'it has its own', k: 'it has its own', v: 'it has its own', layout: 'it has its own' },
} as const;

/** Throws Failure (2) for options that have no meaning together, with what to do instead. */
export function refuseWhatHasNoMeaning(options: SuggestCommand): void {
  if (options.model === undefined) {
    const needs = OF_MODELS.find(name => options[name] !== undefined);
    if (needs !== undefined) throw wrongUse(`--${needs} needs --model`);
    if (nameOfTensors(options) === null)
      throw wrongUse(
        'say what it is for: a file of tensors with --input, or three .npy files with --q, --k and --v, or a language model with --model',
      );
  } else {
    if (options.input !== undefined)
      throw wrongUse('--input and --model both say what it is for: leave one of them out');
    for (const [name, why] of Object.entries(OF_TENSORS))
      if (options[name as keyof typeof OF_TENSORS] !== undefined)
        throw wrongUse(`--${name} has no meaning with --model: ${why}; leave it out, or take tensors with --input`);
    if (options.batch !== undefined && options.batch !== 0)
      throw wrongUse('--batch has no meaning with --model: leave it out, or take tensors with --input');
    if (options.against === 'full')
      throw wrongUse('--against full has no meaning with --model, whose attention is causal: leave it out');
  }
  if (options.theme !== undefined && options.svg === undefined) throw wrongUse('--theme needs --svg');
  const { out, svg } = options;
  if (out !== undefined && svg !== undefined && path.resolve(out) === path.resolve(svg))
    throw wrongUse(`--out and --svg both name ${svg}: give them different names`);
}
