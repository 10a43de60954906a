import { nodeWorkers } from '../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../runtime/attention/gpu/dawn.node.ts';
import { openDense } from '../../runtime/language-model/open-dense.ts';
import { suggestAttention, USUAL_TOKENS } from '../../runtime/language-model/suggest-attention.ts';
import { wrongUse } from './failure.ts';
import { openLanguageModel } from './language-model.ts';
import { openAttention } from './measure.ts';
import { counted } from './numbers.ts';
import { openText, USUAL_SEQUENCES } from './predicted-text.ts';
import { compileOn, looksAhead, notesOf } from './quality-model.ts';
import { rowsOn } from './rows-on.ts';
import type { Session } from './session.ts';
import { budgetOf, type SuggestCommand } from './suggest-options.ts';
import type { Found } from './suggest-report.ts';

/** `suggest --model`: for what the attention of a language model gets to see, measured by what the model then predicts. */
export async function suggestForModel(
  options: SuggestCommand & { readonly model: string },
  session: Session,
): Promise<Found> {
  const { signal } = session;
  const opened = await openLanguageModel(options.model, signal);
  const { model } = opened;
  const { context } = model.configuration;
  const tokens = options.tokens ?? Math.min(USUAL_TOKENS, context);
  if (tokens > context)
    throw wrongUse(
      `--tokens says ${tokens}, but ${options.model} was trained on sequences of ${context}; use --tokens ${context} or fewer`,
    );
  const text = await openText(opened, options.text, tokens, signal);
  if (options.sequences !== undefined && options.sequences >= text.there)
    throw wrongUse(
      `${text.file} has ${counted(text.there, 'sequence')} of ${tokens} bytes, one of which is searched: ${text.there === 1 ? 'leave out --sequences, and that one is predicted' : `use --sequences ${text.there - 1} or fewer`}`,
    );
  // What was searched tells little about what comes next: other sequences are predicted, where there are any.
  const wanted = options.sequences ?? Math.max(1, Math.min(USUAL_SEQUENCES, text.there - 1));
  const searchedToo = options.sequences === undefined && text.there === 1;
  const sequences = text.first(searchedToo ? wanted : 1 + wanted);
  const [searched] = sequences;
  if (searched === undefined) throw new RangeError('there is at least one sequence');

  const attention = openAttention();
  const rows = rowsOn(options.backend);
  const { dense, notes } = await openDense(model, { gpu: openDawn, workers: nodeWorkers() }, options.backend);
  try {
    const { suggestion, comparison, choosers } = await session.during('Searching', progress =>
      suggestAttention(
        model,
        { dense, attention, backend: options.backend, precision: options.dtype },
        searched,
        searchedToo ? sequences : sequences.slice(1),
        {
          budget: budgetOf(options),
          listed: options.listed === true,
          dynamic: options.static !== true,
          perHead: options.shared !== true,
          subject: options.model,
          signal,
          compile: compileOn(rows, tokens, session),
          onProgress: share => progress.update(share),
        },
      ),
    );
    return {
      suggestion,
      input: options.model,
      prediction: {
        ...{ model: options.model, text: text.file, tokens, sequences: wanted, searchedToo, comparison },
        notes: [...new Set([...choosers.map(looksAhead), ...notes, ...notesOf(comparison)])],
      },
    };
  } finally {
    dense.dispose();
    rows.dispose();
    attention.dispose();
  }
}
