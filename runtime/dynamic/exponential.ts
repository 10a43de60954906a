const LOG2_E = Math.LOG2E;
/** ln 2 in two parts, the first with zeros at its end: multiples of it up to 2**11 are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** 1 / 13!, 1 / 12!, ..., 1 / 0! */
const COEFFICIENTS = /* @__PURE__ */ Array.from({ length: 14 }, (_, at) => {
  let factorial = 1;
  for (let factor = 2; factor <= 13 - at; factor++) factorial *= factor;
  return 1 / factorial;
});
/** 2**-k at place k; the last ones are subnormal. */
const HALVES = /* @__PURE__ */ halves();

function halves(): Float64Array {
  const powers = new Float64Array(1075).fill(1);
  for (let k = 1; k < powers.length; k++) powers[k] = (powers[k - 1] ?? 0) / 2;
  return powers;
}

/**
 * e**x for x <= 0, to about one unit in the last place. Math.exp may differ between engines; this is made of operations that
 * IEEE 754 fixes to the bit, so that who ranks by it chooses the same everywhere.
 */
export function exponential(x: number): number {
  const halvings = Math.round(-x * LOG2_E);
  if (!(halvings < HALVES.length)) return 0;
  const rest = x + halvings * LN2_HIGH + halvings * LN2_LOW;
  let sum = 0;
  for (const coefficient of COEFFICIENTS) sum = sum * rest + coefficient;
  return sum * (HALVES[halvings] ?? 0);
}
