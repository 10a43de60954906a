// Powers of e, with the operations of ../../exponential.ts in their order: the same to the bit.

const LOG2_E: f64 = 1.4426950408889634;
/** ln 2 in two parts, see exponential.ts. */
const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;
/** 1 / 13!, 1 / 12!, ..., 1 / 0! */
const COEFFICIENTS = memory.data<f64>([
  1.6059043836821613e-10, 2.08767569878681e-9, 2.505210838544172e-8, 2.755731922398589e-7, 0.0000027557319223985893,
  0.0000248015873015873, 0.0001984126984126984, 0.001388888888888889, 0.008333333333333333, 0.041666666666666664,
  0.16666666666666666, 0.5, 1, 1,
]);
/** Powers from 2**-1075 on are 0. */
const HALVINGS: i32 = 1075;

/** Writes 2**0, 2**-1, ... for `reaching`. */
export function writeHalves(to: usize): void {
  let power: f64 = 1;
  for (let k = 0; k < HALVINGS; k++) {
    store<f64>(to + (usize(k) << 3), power);
    power /= 2;
  }
}

/** How often x <= 0 is halved: Math.round(-x * LOG2_E), which rounds halves up. */
@inline
function halvingsOf(x: v128): v128 {
  const v = f64x2.mul(f64x2.neg(x), f64x2.splat(LOG2_E));
  const floor = f64x2.floor(v);
  return f64x2.add(floor, v128.and(f64x2.ge(f64x2.sub(v, floor), f64x2.splat(0.5)), f64x2.splat(1)));
}

@inline
function restOf(x: v128, halvings: v128): v128 {
  return f64x2.add(
    f64x2.add(x, f64x2.mul(halvings, f64x2.splat(LN2_HIGH))),
    f64x2.mul(halvings, f64x2.splat(LN2_LOW)),
  );
}

@inline
function halved(sum: v128, halvings: v128, halves: usize): v128 {
  const first = f64x2.extract_lane(halvings, 0);
  const second = f64x2.extract_lane(halvings, 1);
  const a: f64 = first < f64(HALVINGS) ? load<f64>(halves + (usize(i32(first)) << 3)) : 0;
  const b: f64 = second < f64(HALVINGS) ? load<f64>(halves + (usize(i32(second)) << 3)) : 0;
  const powers = f64x2.replace_lane(f64x2.splat(a), 1, b);
  // A polynomial of what is too small for a power may be anything: 0 times it must not come to NaN.
  return v128.and(f64x2.mul(sum, powers), f64x2.gt(powers, f64x2.splat(0)));
}

/** e**(x - best) for eight x: the operations of exponential.ts. Four sums at once do not wait for each other. */
@inline
export function weigh(from: usize, to: usize, bests: v128, halves: usize): void {
  const x0 = f64x2.sub(v128.load(from), bests);
  const x1 = f64x2.sub(v128.load(from, 16), bests);
  const x2 = f64x2.sub(v128.load(from, 32), bests);
  const x3 = f64x2.sub(v128.load(from, 48), bests);
  const h0 = halvingsOf(x0);
  const h1 = halvingsOf(x1);
  const h2 = halvingsOf(x2);
  const h3 = halvingsOf(x3);
  const r0 = restOf(x0, h0);
  const r1 = restOf(x1, h1);
  const r2 = restOf(x2, h2);
  const r3 = restOf(x3, h3);
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let c: usize = 0; c < 14 * 8; c += 8) {
    const coefficient = v128.load64_splat(COEFFICIENTS + c);
    s0 = f64x2.add(f64x2.mul(s0, r0), coefficient);
    s1 = f64x2.add(f64x2.mul(s1, r1), coefficient);
    s2 = f64x2.add(f64x2.mul(s2, r2), coefficient);
    s3 = f64x2.add(f64x2.mul(s3, r3), coefficient);
  }
  v128.store(to, halved(s0, h0, halves));
  v128.store(to, halved(s1, h1, halves), 16);
  v128.store(to, halved(s2, h2, halves), 32);
  v128.store(to, halved(s3, h3, halves), 48);
}
