import type { MaskChoice } from '../mask-choice.ts';

type Place = Pick<MaskChoice, 'model' | 'tokens' | 'layer' | 'head'>;

/** Is it about this choice? */
export function isAbout({ model, tokens, layer, head }: Place, choice: Place): boolean {
  return model === choice.model && tokens === choice.tokens && layer === choice.layer && head === choice.head;
}

/** That what is shown of these masks is so for a sample alone; null where nothing was chosen by content. */
export function contentText(choices: readonly MaskChoice[]): string | null {
  const bySample = new Map<string, Set<string>>();
  for (const { model, content } of choices) {
    if (content === undefined) continue;
    const sample = `${content.kind}, seed ${content.seed}, heads of ${content.headDim}`;
    bySample.set(sample, (bySample.get(sample) ?? new Set()).add(model.name));
  }
  const texts = [...bySample].map(
    ([sample, names]) =>
      `${[...names].join(' and ')} ${names.size === 1 ? 'chooses' : 'choose'} keys by content: shown for made-up queries and keys (${sample}).`,
  );
  return texts.length === 0 ? null : texts.join(' ');
}
