/**
 * An exact number of pairs, at any length of a sequence: a number as long as doubles are exact, a bigint beyond. There is
 * one way to write each, so that === and the other comparisons hold between any two.
 */
export type Count = number | bigint;

export function plus(a: Count, b: Count): Count {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    // No bound at all stays none.
    if (sum <= Number.MAX_SAFE_INTEGER || sum === Number.POSITIVE_INFINITY) return sum;
  }
  return exact(BigInt(a) + BigInt(b));
}

export function minus(a: Count, b: Count): Count {
  return typeof a === 'number' && typeof b === 'number' ? a - b : exact(BigInt(a) - BigInt(b));
}

/** The pairs of so many queries with so many keys each. */
export function times(queries: number, keys: number): Count {
  const product = queries * keys;
  return product <= Number.MAX_SAFE_INTEGER ? product : BigInt(queries) * BigInt(keys);
}

function exact(count: bigint): Count {
  return count <= Number.MAX_SAFE_INTEGER && count >= Number.MIN_SAFE_INTEGER ? Number(count) : count;
}

/** a / b as a double. */
export function ratio(a: Count, b: Count): number {
  return Number(a) / Number(b);
}
