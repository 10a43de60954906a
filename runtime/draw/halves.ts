/**
 * The number with the most factors of two strictly between two whole numbers below 2^31, and the power of two in it; the
 * end and 0 where there is none.
 */
export function middleOf(from: number, to: number): { readonly at: number; readonly size: number } {
  if (to - from < 2) return { at: to, size: 0 };
  const bit = 31 - Math.clz32(from ^ (to - 1));
  const size = 2 ** bit;
  return { at: Math.floor((to - 1) / size) * size, size };
}

/** [from, to) in two, or whole. */
export function halves(from: number, to: number, at: number, divided: boolean): readonly (readonly [number, number])[] {
  if (!divided || at <= from || at >= to) return [[from, to]];
  return [
    [from, at],
    [at, to],
  ];
}
