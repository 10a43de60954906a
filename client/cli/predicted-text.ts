import path from 'node:path';
import { sequencesOf } from '../../runtime/language-model/evaluate.ts';
import { LanguageModelError } from '../../runtime/language-model/language-model-error.ts';
import { wrongUse } from './failure.ts';
import type { OpenedModel } from './language-model.ts';
import { readWholeFile } from './read-file.ts';

/** Sequences that are predicted unless it is said how many: enough to tell patterns apart, over in seconds. */
export const USUAL_SEQUENCES = 2;

/** A text that a language model predicts, in sequences of one length. */
export interface PredictedText {
  readonly file: string;
  /** Sequences that it has; at least 1, although the first may be too short. */
  readonly there: number;
  /** The first ones. Throws Failure (2) when there are not as many. */
  first(sequences: number): readonly Uint8Array[];
}

/**
 * Reads the text that a model is to predict: a file, or the held-out text in its own folder.
 *
 * @throws Failure (2) when it cannot be read
 */
export async function openText(
  { folder, model }: OpenedModel,
  text: string | undefined,
  tokens: number,
  signal: AbortSignal,
): Promise<PredictedText> {
  const file = text ?? path.join(folder, 'heldout.txt');
  // The sequences of a model's own text lie one behind the other, however much of each is read.
  const length = text === undefined ? model.configuration.context + 1 : tokens + 1;
  const contents = await readWholeFile(file, signal);
  // Of the last one its own bytes suffice.
  const there = Math.max(1, Math.floor((contents.length + length - tokens - 1) / length));
  return {
    file,
    there,
    first(sequences) {
      try {
        return sequencesOf(contents, tokens, length, sequences);
      } catch (error) {
        if (!(error instanceof LanguageModelError)) throw error;
        const most = contents.length - 1;
        const fewer = contents.length > tokens ? `--sequences ${there}` : `a longer text, or --tokens ${most}`;
        throw wrongUse(`${file}: ${error.message} Use ${most < 1 ? 'a longer text' : `${fewer} or fewer`}.`);
      }
    },
  };
}
