import { breathe, throwIfAborted } from '../attention/abort.ts';
import { bindSelected, type Select } from '../pattern/bind.ts';
import type { Pattern } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import type { Choice } from './method.ts';
import { methods } from './methods.ts';

/** The queries and keys of one head, and what chooses among them. */
export type Choosing = Omit<Choice, 'args' | 'candidates' | 'shape'>;

/**
 * Gives a pattern its meaning for the queries and keys of one head: what selects by content is replaced by what it selects,
 * and the algebra of patterns does the rest. The mask holds for the shape's query rows.
 *
 * @throws PatternError when a value has no meaning at this shape, or (`dynamic`) keys cannot be chosen where the pattern asks for it
 * @throws DOMException named AbortError when the signal fires
 */
export async function bindContent(pattern: Pattern, shape: Shape, choosing: Choosing): Promise<Mask> {
  const chosen = await chooseCalls(pattern, shape, choosing);
  return bindSelected(pattern, shape, call => {
    const mask = chosen.get(call);
    if (mask === undefined) throw new RangeError(`${call.name} was not chosen`);
    return mask;
  });
}

/** What each call in a pattern that selects by content selects; it throws the same. */
export async function chooseCalls(
  pattern: Pattern,
  shape: Shape,
  choosing: Choosing,
): Promise<ReadonlyMap<Pattern, Mask>> {
  const { signal, onProgress } = choosing;
  // What limits a choice is bound before the choice itself, so that this is an order to choose in.
  const calls = new Set<Pattern>();
  bindSelected(pattern, shape, (call, _args, candidates) => {
    calls.add(call);
    return candidates;
  });
  const chosen = new Map<Pattern, Mask>();
  for (const call of calls) {
    await breathe();
    throwIfAborted(signal);
    const done = chosen.size / calls.size;
    onProgress?.(done);
    const within = onProgress && ((share: number): void => onProgress(done + share / calls.size));
    const choice = choiceOf(call, shape, chosen);
    const method = methods.get(choice.name);
    if (method === undefined) throw new RangeError(`there is no method for ${choice.name}`);
    chosen.set(call, await method({ ...choosing, ...choice, onProgress: within }));
  }
  return chosen;
}

/** What a call selects from, where what it selects within is chosen already. */
function choiceOf(
  call: Pattern,
  shape: Shape,
  chosen: ReadonlyMap<Pattern, Mask>,
): Pick<Choice, 'args' | 'candidates' | 'shape'> & { readonly name: string } {
  let own: ReturnType<typeof choiceOf> | undefined;
  const select: Select = (inner, args, candidates, at) => {
    const known = chosen.get(inner);
    if (known !== undefined) return known;
    own = { name: inner.name, args, candidates, shape: at };
    return candidates;
  };
  bindSelected(call, shape, select);
  if (own === undefined) throw new RangeError('a call that selects is asked for what it selects');
  return own;
}
