import { bindSelected } from '../pattern/bind.ts';
import type { Pattern } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
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
    if (method === undefined) throw new RangeError(`there is no method for ${call.name}`);
    return method({ args, candidates, shape: at, content, checkpoint });
  });
}
