import type { Argument, Pattern } from './ir.ts';
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
      if ('type' in part && part.type === 'mask' && headsOf(part) !== null) head = true;
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

/**
 * How many heads a pattern has by itself, because a mask file in it has a mask for each; undefined when it has a
 * meaning with any number. The first of several files that disagree.
 */
export function headsOfMasks(pattern: Pattern): number | undefined {
  let heads: number | undefined;
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(visit);
    else if (typeof part === 'object' && part !== null) {
      if ('type' in part && part.type === 'mask') heads ??= headsOf(part) ?? undefined;
      else for (const [name, value] of Object.entries(part)) if (name !== 'span') visit(value);
    }
  };
  visit(pattern);
  return heads;
}

/** Is there a `where` anywhere in the pattern? */
export function hasCondition(pattern: Pattern): boolean {
  return hasPart(pattern, part => part.kind === 'where');
}

/** Is there a random draw anywhere in the pattern? */
export function hasDraw(pattern: Pattern): boolean {
  return hasPart(pattern, part => part.kind === 'primitive' && part.name === 'random');
}

function hasPart(
  pattern: Pattern,
  is: (part: { readonly kind: unknown; readonly name?: unknown }) => boolean,
): boolean {
  const visit = (part: unknown): boolean =>
    typeof part === 'object' &&
    part !== null &&
    (('kind' in part && is(part)) || Object.entries(part).some(([name, value]) => name !== 'span' && visit(value)));
  return visit(pattern);
}

/** Heads of a mask argument; null when it has one mask for all. */
function headsOf(argument: object): number | null {
  const { value } = argument as Argument & { readonly type: 'mask' };
  return value.heads;
}

/** Does a pattern have the same mask in every layer and head? */
export function isUniform(pattern: Pattern): boolean {
  const { head, layer } = readsOf(pattern);
  return !head && !layer;
}
