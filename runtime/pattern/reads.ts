import type { Pattern } from './ir.ts';
import { primitives } from './primitives.ts';

/** Which of head and layer could make another mask of a pattern. */
export interface Reads {
  readonly head: boolean;
  readonly layer: boolean;
}

/** Looks for `head` and `layer` in the numbers of a pattern, and for primitives that differ by themselves. */
export function readsOf(pattern: Pattern): Reads {
  let head = false;
  let layer = false;
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(visit);
    else if (typeof part === 'object' && part !== null) {
      if ('op' in part && part.op === 'shape' && 'name' in part) {
        head ||= part.name === 'head';
        layer ||= part.name === 'layer';
      }
      if ('kind' in part && part.kind === 'primitive' && 'name' in part && 'args' in part && differs(part))
        head = layer = true;
      for (const [name, value] of Object.entries(part)) if (name !== 'span') visit(value);
    }
  };
  visit(pattern);
  return { head, layer };
}

/** Was an argument written that makes the primitive another one in every head and layer? */
function differs({ name, args }: { readonly name: unknown; readonly args: unknown }): boolean {
  const primitive = typeof name === 'string' ? primitives.get(name) : undefined;
  if (primitive === undefined || typeof args !== 'object' || args === null) return false;
  return primitive.parameters.some(parameter => parameter.perHead === true && parameter.name in args);
}

/** Does a pattern have the same mask in every layer and head? */
export function isUniform(pattern: Pattern): boolean {
  const { head, layer } = readsOf(pattern);
  return !head && !layer;
}
