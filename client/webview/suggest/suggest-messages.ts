import type { Budget } from '../../../runtime/analyse/suggest/within-time.ts';
import type { Suggestion } from '../../../runtime/analyse/suggest.ts';
import type { LanguageModelFiles, TensorFile } from '../../preview/messages.ts';

/** What a pattern is looked for. */
export type SuggestSubject =
  | { readonly kind: 'tensors'; readonly file: TensorFile }
  | { readonly kind: 'model'; readonly files: LanguageModelFiles };

/** What a worker is to look for. */
export interface SuggestJob {
  readonly kind: 'suggest';
  readonly subject: SuggestSubject;
  readonly budget: Budget;
  /** Also patterns of their own for heads. */
  readonly perHead: boolean;
  /** Also patterns that choose keys by content. */
  readonly dynamic: boolean;
}

/** What was found, and for what. */
export interface Suggested {
  /** Name of the file or the language model. */
  readonly subject: string;
  readonly suggestion: Omit<Suggestion, 'model'> & { readonly ms: number | null };
  readonly prediction: Prediction | null;
  readonly notes: readonly string[];
}

/** What a language model predicts with the pattern in place of its attention, in bits per byte. */
export interface Prediction {
  readonly full: number;
  readonly suggested: number;
  readonly tokens: number;
  readonly sequences: number;
  /** The text is so short that what was searched was predicted. */
  readonly searchedToo: boolean;
  readonly attentionSpeedUp: number;
}
