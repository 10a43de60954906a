import { type Comparison, compareTrees } from '../../../runtime/analyse/compare.ts';
import { COUNTED_SQUARES } from '../../../runtime/analyse/estimate.ts';
import { buildMaskTree } from '../../../runtime/compile/mask-tree.ts';
import { differenceMask } from '../../../runtime/draw/difference.ts';
import { withoutParts } from '../../../runtime/draw/hidden-parts.ts';
import { LayeredMask } from '../../../runtime/draw/layered-mask.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Mask } from '../../../runtime/pattern/mask.ts';
import { hasCondition } from '../../../runtime/pattern/reads.ts';
import type { Shape } from '../../../runtime/pattern/shape.ts';
import type { Drawn } from '../drawing-messages.ts';
import { chosen, type MaskChoice } from '../mask-choice.ts';

/** What is drawn, and the labels of its parts, null for hidden ones. */
export interface DrawnMask {
  readonly mask: LayeredMask;
  readonly shape: Shape;
  readonly labels: readonly (string | null)[];
}

/** A mask in its primitives, or the difference of two. Throws PatternError. */
export function drawnMask({ choice, against }: Pick<Drawn, 'choice' | 'against'>): DrawnMask {
  if (against === undefined) {
    const { pattern, shape } = chosen(choice);
    const { mask, parts } = LayeredMask.of(pattern, shape, choice.hidden);
    return { mask, shape, labels: parts.map(({ label }) => (choice.hidden.includes(label) ? null : label)) };
  }
  const first = wholeMask(choice);
  const labels = [`only ${choice.model.name}`, `only ${against.model.name}`, 'both'];
  return { mask: differenceMask(first.mask, wholeMask(against).mask), shape: first.shape, labels };
}

/** Pairs that two masks have in common, and those that only one has. Throws PatternError and CompileError. */
export function comparisonOf(choice: MaskChoice, against: MaskChoice): Comparison {
  const [first, second] = [wholeMask(choice), wholeMask(against)];
  const options = first.irregular || second.irregular ? { maxNodes: COUNTED_SQUARES } : {};
  return compareTrees(
    buildMaskTree(first.mask, first.shape, options),
    buildMaskTree(second.mask, second.shape, options),
    first.shape.offset,
  );
}

/** Each with the names that its own layer and head have. */
function wholeMask(choice: MaskChoice): { readonly mask: Mask; readonly shape: Shape; readonly irregular: boolean } {
  const { pattern: written, shape } = chosen(choice);
  const pattern = withoutParts(written, shape, choice.hidden);
  return { mask: bindPattern(pattern, shape), shape, irregular: hasCondition(pattern) };
}
