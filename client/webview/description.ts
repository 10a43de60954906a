import { comparedNames, differenceOf } from './compare/compared.ts';
import { contentText } from './content/about-content.ts';
import { count } from './format.ts';
import { shownOf } from './shown.ts';
import type { State } from './state.ts';

const KEYS = 'Arrow keys move, plus and minus zoom, 0 shows all.';

/** What a person who cannot see the picture needs to know about it. */
export function description(state: State): string {
  const shown = shownOf(state);
  const { measure } = state.answers;
  if (!shown?.bound || !measure || 'problem' in measure) return `Attention mask, not counted yet. ${KEYS}`;
  const { name } = shown.choice.model;
  const { comparison } = state;
  if (differenceOf(state) !== null && comparison !== null && 'answer' in comparison) {
    const [first, second] = comparedNames(state);
    const { onlyFirst, onlySecond, both } = comparison.answer;
    return `Difference of the attention masks ${first} and ${second}: ${count(onlyFirst)} pairs only in the first, ${count(onlySecond)} only in the second, ${count(both)} in both. ${KEYS}`;
  }
  if ('estimate' in measure.answer) {
    const { estimate, tokens, queries } = measure.answer;
    return `Attention mask of ${name}, ${count(queries)} queries by ${count(tokens)} keys, about ${count(estimate.pairs)} pairs. ${KEYS}`;
  }
  const { statistics } = measure.answer;
  const content = contentText([shown.choice]);
  const parts = shown.bound.parts.map(({ label }) => label).join(', ');
  return `Attention mask of ${name}, ${count(statistics.queries)} queries by ${count(statistics.tokens)} keys, ${count(statistics.pairs)} pairs: ${parts}. ${content === null ? '' : `${content} `}${KEYS}`;
}
