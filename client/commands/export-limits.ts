import type { FormatName } from '../../runtime/export/format-names.ts';
import { checkExportSize } from '../../runtime/export/size-limit.ts';
import { MAX_LISTED_TOKENS, type Shape } from '../../runtime/pattern/shape.ts';

/** What is wrong with a sequence length that somebody typed; undefined when nothing is. */
export function tokensProblem(text: string): string | undefined {
  if (!/^[1-9][0-9]*$/.test(text.trim())) return 'Write a whole number of at least 1, e.g. 4096.';
  if (Number(text) > MAX_LISTED_TOKENS)
    return `At most ${MAX_LISTED_TOKENS.toLocaleString('en-US')} tokens can be handled.`;
  return undefined;
}

/**
 * Refuses a file whose size is known to be too large before anything is compiled: a dense mask takes a byte for each
 * pair. What the other formats take depends on the pattern; they find out themselves.
 *
 * @throws ExportSizeError
 */
export function checkSizeAhead(format: FormatName, { queries, tokens }: Shape, heads = 1): void {
  if (format.id !== 'npy' && format.id !== 'npz-dense') return;
  checkExportSize(
    `The dense mask of ${heads === 1 ? '' : `${heads} x `}${queries} x ${tokens}`,
    heads * queries * tokens,
    'Choose SciPy sparse matrix or Tile plan, which store only what is allowed.',
  );
}
