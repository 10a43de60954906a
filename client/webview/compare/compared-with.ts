import type { Model } from '../../../runtime/pattern/ir.ts';
import type { OtherName } from '../../preview/messages.ts';

/** How two masks are compared: as one picture of their difference, or as two that move together. */
export type ComparedAs = 'difference' | 'side by side';

/** What the mask that is shown is compared with. */
export interface ComparedWith extends OtherName {
  readonly as: ComparedAs;
  /** Its last good meaning; null before there is any. */
  readonly model: Model | null;
  /** Why that is not what its file says, or null. */
  readonly problem: string | null;
}

/** What is compared with after news of a declaration; another one than before is shown as before. */
export function comparedWith(
  before: ComparedWith | null,
  news: OtherName & Pick<ComparedWith, 'model' | 'problem'>,
): ComparedWith {
  const same = before !== null && before.uri === news.uri && before.name === news.name;
  const model = news.model ?? (same ? before.model : null);
  const isKnown = same && JSON.stringify(before.model) === JSON.stringify(model);
  if (isKnown && before.problem === news.problem) return before;
  return { ...news, as: before?.as ?? 'difference', model: isKnown ? before.model : model };
}
