import { bindSelected } from '../pattern/bind.ts';
import type { Pattern } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
import { PatternError } from '../pattern/primitive.ts';
import type { Shape } from '../pattern/shape.ts';
import type { Content } from './method.ts';
import { methods } from './methods.ts';

/**
 * Gives a pattern its meaning for the queries and keys of one head: what selects by content is replaced by what it selects,
 * and the algebra of patterns does the rest. The mask holds for the shape's query rows.
 *
 * @throws PatternError when a value has no meaning at this shape, or (`dynamic`) keys cannot be chosen where the pattern asks for it
 */
export function bindContent(pattern: Pattern, shape: Shape, content: Content, checkpoint?: () => void): Mask {
  return bindSelected(pattern, shape, (call, args, candidates, at) => {
    const method = methods.get(call.name);
    if (method === undefined)
      throw new PatternError(
        'dynamic',
        `${call.name} chooses keys by content, which cannot be computed yet`,
        call.span,
      );
    if (at.outer !== undefined)
      throw new PatternError(
        'dynamic',
        `${call.name} compares tokens and has no meaning inside blocked(...), where there are only blocks; block_topk chooses whole blocks`,
        call.span,
      );
    return method({ args, candidates, shape: at, content, checkpoint });
  });
}
