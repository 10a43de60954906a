const LOG2_E = Math.LOG2E;
/** ln 2 in two parts, the first with zeros at its end: multiples of it up to 2**11 are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
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
  // 1 / 13!, 1 / 12!, ..., 1 / 0!, written out: a loop over them takes three times as long.
  let sum = 1.6059043836821613e-10 * rest + 2.08767569878681e-9;
  sum = sum * rest + 2.505210838544172e-8;
  sum = sum * rest + 2.755731922398589e-7;
  sum = sum * rest + 2.7557319223985893e-6;
  sum = sum * rest + 2.48015873015873e-5;
  sum = sum * rest + 0.0001984126984126984;
  sum = sum * rest + 0.001388888888888889;
  sum = sum * rest + 0.008333333333333333;
  sum = sum * rest + 0.041666666666666664;
  sum = sum * rest + 0.16666666666666666;
  sum = sum * rest + 0.5;
  sum = sum * rest + 1;
  sum = sum * rest + 1;
  return sum * (HALVES[halvings] ?? 0);
}
