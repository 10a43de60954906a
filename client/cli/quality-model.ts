import { nodeWorkers } from '../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../runtime/attention/gpu/dawn.node.ts';
import type { RowSelector } from '../../runtime/dynamic/rows/row-rule.ts';
import { choosesByContent, selectHeads } from '../../runtime/dynamic/select-heads.ts';
import { type AttentionComparison, compareAttention } from '../../runtime/language-model/compare-attention.ts';
import { openDense } from '../../runtime/language-model/open-dense.ts';
import {
  type CompileLayer,
  causalityOf,
  inPlaceOf,
  layerMasks,
} from '../../runtime/language-model/replace-attention.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { badFile, wrongUse } from './failure.ts';
import { inThread } from './in-thread.ts';
import { jsonDocument } from './json-output.ts';
import { openLanguageModel } from './language-model.ts';
import { type Computing, openAttention } from './measure.ts';
import { openText, USUAL_SEQUENCES } from './predicted-text.ts';
import { modelCsv, modelSummary, modelTable } from './quality-model-text.ts';
import { rowsOn } from './rows-on.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { openSubject, type Subject, type SubjectOptions } from './subject.ts';

export interface ModelOptions extends SubjectOptions, Computing {
  readonly model: string;
  readonly text?: string;
  readonly sequences?: number;
  readonly byLayer?: boolean;
  readonly against?: 'full' | 'causal';
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `quality --model`: a pattern in place of the attention of a language model. */
export async function qualityOfModel(
  file: string | undefined,
  options: ModelOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  const { signal } = session;
  refuseWhatHasNoMeaning(options);
  const subject = await openSubject(sources, file, options);
  const opened = await openLanguageModel(options.model, signal);
  const { model } = opened;
  const { context } = model.configuration;
  const tokens = options.tokens ?? subject.model.tokens ?? context;
  if (tokens > context)
    throw wrongUse(
      `${options.tokens === undefined ? `${subject.name} has ${tokens} tokens` : `--tokens says ${tokens}`}, but ${options.model} was trained on sequences of ${context}; use --tokens ${context} or fewer`,
    );
  const replaced = inPlaceOf(
    options.against === 'causal' ? { ...subject.model, causal: true } : subject.model,
    model.configuration,
    tokens,
  );
  const choosers = checkCausal(replaced, subject, tokens);
  const text = await openText(opened, options.text, tokens, signal);
  const sequences = text.first(options.sequences ?? Math.min(USUAL_SEQUENCES, text.there));

  const attention = openAttention();
  const rows = rowsOn(options.backend);
  const { dense, notes } = await openDense(model, { gpu: openDawn, workers: nodeWorkers() }, options.backend);
  const machine = { dense, attention, backend: options.backend, precision: options.dtype };
  try {
    const masks = layerMasks(replaced, tokens, compileOn(rows, tokens, session));
    const found = await session.during('Predicting', progress =>
      compareAttention(model, machine, sequences, masks, {
        signal,
        byLayer: options.byLayer === true,
        onProgress: share => progress.update(share),
      }),
    );
    const summary = modelSummary(
      { name: subject.name, model: options.model, text: text.file, ...model.configuration },
      found,
      dense.device,
      [...new Set([...choosers, ...notes, ...notesOf(found)])],
    );
    session.print(
      options.json === true
        ? jsonDocument('quality-model', summary)
        : options.csv === true
          ? modelCsv(summary)
          : modelTable(summary),
    );
    for (const note of summary.notes) session.note(`note: ${note}`);
  } finally {
    dense.dispose();
    rows.dispose();
    attention.dispose();
  }
}

function refuseWhatHasNoMeaning(options: ModelOptions): void {
  for (const name of ['layer', 'head'] as const)
    if (options[name] !== undefined)
      throw wrongUse(
        `--${name} has no meaning with --model, where all heads of all layers are replaced; --by-layer shows layers apart`,
      );
  if (options.against === 'full')
    throw wrongUse('--against full has no meaning with --model: a language model is measured against causal attention');
}

/** Refuses masks that show what is to be predicted; of choices that look ahead it tells. Throws Failure (1). */
function checkCausal(model: Model, { name }: Subject, tokens: number): readonly string[] {
  const { future, choosers } = causalityOf(model, tokens);
  if (future !== null)
    throw badFile(
      `in ${name}, query ${future.query} attends to the later key ${future.key} (layer ${future.layer}, head ${future.head}), ` +
        'from which it can read what it is to predict; add --against causal to take later keys out, or & causal() to the pattern',
    );
  return choosers.map(looksAhead);
}

/** What is to be said of a pattern that chooses keys with the help of later ones. */
export function looksAhead(chooser: string): string {
  return `${chooser} looks at the whole sequence when it chooses keys: the loss may be lower than it would be if bytes came one by one`;
}

/** Masks that ask for no content are compiled in a thread of their own, the others where their keys are chosen. */
export function compileOn(rows: RowSelector, tokens: number, { signal }: Session): CompileLayer {
  return (model, layer, heads, content) =>
    choosesByContent(model, layer, heads)
      ? selectHeads(model, layer, heads, content, { rows, signal })
      : inThread({ kind: 'plans', model, layer, heads, tokens }, signal);
}

export function notesOf({ full, sparse }: AttentionComparison): readonly string[] {
  return [...new Set([...full.notes, ...sparse.notes])];
}
