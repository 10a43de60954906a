import { exponential } from '../exponential.ts';

/**
 * The least of the fewest values, the largest first, whose softmax reaches a share `mass` < 1 of all, and how many of those
 * that equal it belong to them. All sums run from the largest value down.
 *
 * @param values at least one; they are sorted, ascending
 * @param weights room for as many
 */
export function reachExactly(
  values: Float64Array,
  mass: number,
  weights: Float64Array,
): { readonly least: number; readonly ties: number; readonly count: number } {
  const all = values.length;
  // Ascending: the best stands last.
  values.sort();
  const best = values[all - 1] as number;
  let total = 0;
  for (let rank = 0; rank < all; rank++) {
    weights[rank] = exponential((values[all - 1 - rank] as number) - best);
    total += weights[rank] as number;
  }
  let count = 0;
  for (let reached = 0; count < all && reached < mass * total; count++) reached += weights[count] as number;
  const least = values[all - count] as number;
  let above = 0;
  while (above < count && (values[all - 1 - above] as number) > least) above++;
  return { least, ties: count - above, count };
}
