import { MAX_TOKENS } from '../../runtime/pattern/shape.ts';
import { count, parseTokens } from './format.ts';
import type { PageServices } from './page-services.ts';
import { shownOf } from './shown.ts';

/** Shows the mask at the length that was typed, or says what is wrong with it. */
export function setTokens({ store, send }: PageServices, text: string): void {
  // The length of what was shown before is of no use for what comes.
  if (store.state.next !== null) return;
  const tokens = parseTokens(text);
  if (tokens === undefined) {
    store.update({ tokensProblem: 'n must be a whole number of at least 1, e.g. 4096 or 64Ki.' });
  } else if (tokens > MAX_TOKENS) store.update({ tokensProblem: `n can be at most ${count(MAX_TOKENS)}.` });
  else {
    store.update({ tokensProblem: null, tokens });
    // A bare pattern is the same at every length; a model may say its queries or rules in terms of n.
    if (store.state.model?.kind === 'model') send({ type: 'tokens', tokens });
  }
}

/** Shows the mask at so many times its length. */
export function scaleTokens(page: PageServices, factor: number): void {
  const { state } = page.store;
  const tokens = shownOf(state)?.choice.tokens ?? state.defaultTokens;
  setTokens(page, String(Math.min(MAX_TOKENS, Math.max(1, Math.floor(tokens * factor)))));
}
