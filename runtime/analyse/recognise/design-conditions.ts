import { apply, binary, type Condition, choose, KEY, number, QUERY } from './condition.ts';

/** `(i - j) % stretch` is near, or a power of two beyond; to be cut to the past. */
export function restartsCondition({ stretch, near }: { readonly stretch: number; readonly near: number }): Condition {
  const distance = binary(binary(QUERY, '-', KEY), '%', number(stretch));
  const beyond = binary(distance, '-', number(near - 1));
  const power = binary(number(2), '**', apply('floor', apply('log2', beyond)));
  return binary(binary(distance, '<', number(near)), '||', binary(power, '==', beyond));
}

/** Block diffusion: noised blocks of `size` before position `half`, clean ones from there. */
export function halvesCondition({ size, half }: { readonly size: number; readonly half: number }): Condition {
  const blockOf = (position: Condition): Condition => apply('floor', binary(position, '/', number(size)));
  const clean = (position: Condition): Condition => blockOf(binary(position, '-', number(half)));
  const isNoised = (position: Condition): Condition => binary(position, '<', number(half));
  return choose(
    isNoised(KEY),
    binary(isNoised(QUERY), '&&', binary(blockOf(QUERY), '==', blockOf(KEY))),
    choose(isNoised(QUERY), binary(blockOf(QUERY), '>', clean(KEY)), binary(clean(QUERY), '>=', clean(KEY))),
  );
}

/** Places in frames of one length, less than `near` apart. */
export function placesCondition({
  offset,
  frame,
  near,
}: {
  readonly offset: number;
  readonly frame: number;
  readonly near: number;
}): Condition {
  const placeOf = (position: Condition): Condition =>
    binary(offset === 0 ? position : binary(position, '-', number(offset)), '%', number(frame));
  return binary(apply('abs', binary(placeOf(QUERY), '-', placeOf(KEY))), '<', number(near));
}
