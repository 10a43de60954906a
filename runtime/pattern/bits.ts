/** A word whose bits [from, to) are set; bounds may lie outside 0..32. */
export function bitsBetween(from: number, to: number): number {
  const low = Math.max(from, 0);
  const high = Math.min(to, 32);
  if (low >= high) return 0;
  const upper = high === 32 ? -1 : (1 << high) - 1;
  return (upper & (-1 << low)) | 0;
}

/** Number of set bits of a 32-bit word. */
export function popcount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  bits = (bits + (bits >>> 4)) & 0x0f0f0f0f;
  return Math.imul(bits, 0x01010101) >>> 24;
}

/** Remainder with the sign of the divisor, as the language (and Python) defines `%`. */
export function modulo(value: number, divisor: number): number {
  const rest = value % divisor;
  return rest !== 0 && rest < 0 !== divisor < 0 ? rest + divisor : rest === 0 ? 0 : rest;
}
