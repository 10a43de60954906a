/**
 * Places of the `count` largest values, ascending; ties go to the smaller place. -Infinity is no value: fewer places come
 * back when there are fewer values. `scratch` has room for all of them.
 */
export function placesOfLargest(values: Float64Array, count: number, scratch: Float64Array): Uint32Array {
  const all = gather(values, scratch);
  if (all <= count) return placesFrom(values, Number.NEGATIVE_INFINITY, 0, all);
  const least = nthLargest(scratch.subarray(0, all), count - 1);
  let above = 0;
  for (let at = 0; at < values.length; at++) if ((values[at] as number) > least) above++;
  return placesFrom(values, least, count - above, count);
}

/** Copies what is more than -Infinity to the front of `into`; says how many there are. */
export function gather(values: Float64Array, into: Float64Array): number {
  let all = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (value > Number.NEGATIVE_INFINITY) into[all++] = value;
  }
  return all;
}

/** The places of all values above `least` and of the first `ties` that equal it, `total` together, ascending. */
export function placesFrom(values: Float64Array, least: number, ties: number, total: number): Uint32Array {
  const places = new Uint32Array(total);
  let next = 0;
  let left = ties;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (value > least || (value === least && left-- > 0)) places[next++] = at;
  }
  return places;
}

/** The value that `rank` others come before in descending order (0: the largest). The values change places. */
function nthLargest(values: Float64Array, rank: number): number {
  let low = 0;
  let high = values.length - 1;
  for (;;) {
    if (low >= high) return values[low] as number;
    const pivot = median(values[low] as number, values[(low + high) >> 1] as number, values[high] as number);
    // Larger ones to the front, equal ones in the middle: equal values end the search instead of slowing it down.
    let front = low;
    let back = high;
    for (let at = low; at <= back; ) {
      const value = values[at] as number;
      if (value > pivot) {
        values[at++] = values[front] as number;
        values[front++] = value;
      } else if (value < pivot) {
        values[at] = values[back] as number;
        values[back--] = value;
      } else at++;
    }
    if (rank < front) high = front - 1;
    else if (rank > back) low = back + 1;
    else return pivot;
  }
}

function median(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
