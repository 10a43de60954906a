import type { MaskChoice } from '../mask-choice.ts';

type Place = Pick<MaskChoice, 'model' | 'tokens' | 'layer' | 'head'>;

/** Is it about this choice? */
export function isAbout({ model, tokens, layer, head }: Place, choice: Place): boolean {
  return model === choice.model && tokens === choice.tokens && layer === choice.layer && head === choice.head;
}

/** That what is shown is so for a sample alone; null where nothing was chosen by content. */
export function contentText({ content }: MaskChoice): string | null {
  if (content === undefined) return null;
  const { kind, seed, headDim } = content;
  return `Keys are chosen by content: picture and numbers are those for made-up queries and keys (${kind}, seed ${seed}, heads of ${headDim}).`;
}
