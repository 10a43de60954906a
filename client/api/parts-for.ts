import { AttentionInputError } from '../../runtime/attention/check-input.ts';
import type { AttentionInput, PlanParts } from '../../runtime/attention/types.ts';

/** What there is to know of compiled masks. */
interface CompiledParts {
  readonly heads: readonly number[];
  readonly parts: PlanParts;
}

/** How so many heads with one mask are written. */
export function sharing(heads: number): string {
  return heads > 8 ? `Array(${heads}).fill(0)` : `[${Array(heads).fill(0).join(', ')}]`;
}

/**
 * What kernels work on, for tensors of so many heads. Throws AttentionInputError when the masks are of other heads.
 *
 * @param masks compiled ones know their heads; parts are checked by whoever reads them
 */
export function partsFor({ heads }: Pick<AttentionInput, 'heads'>, masks: CompiledParts | PlanParts): PlanParts {
  if (!('parts' in masks)) return masks;
  const { length } = masks.heads;
  if (length === heads) return masks.parts;
  const few = length === 1 ? 'the mask is that of one' : `the masks are those of ${length}`;
  const shared = length === 1 ? `, or heads: ${sharing(heads)} when all share it` : '';
  throw new AttentionInputError(
    `The tensors have ${heads} heads, but ${few}. Compile them with heads: one number for each head of the tensors${shared}.`,
  );
}
