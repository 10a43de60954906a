import { MAX_LISTED_TOKENS } from '../../runtime/pattern/shape.ts';

/** What is wrong with a sequence length that somebody typed; undefined when nothing is. */
export function tokensProblem(text: string): string | undefined {
  if (!/^[1-9][0-9]*$/.test(text.trim())) return 'Write a whole number of at least 1, e.g. 4096.';
  if (Number(text) > MAX_LISTED_TOKENS)
    return `At most ${MAX_LISTED_TOKENS.toLocaleString('en-US')} tokens can be handled.`;
  return undefined;
}
