/**
 * Functions of a workgroup of side * side threads, which all call together: `total`, `tally` and `most` of what each has, and
 * what those before it have, `sumBefore` and `talliesBefore`.
 */
export function together(side: number): string {
  return /* wgsl */ `
var<workgroup> sums: array<f32, ${side ** 2}>;
var<workgroup> tallies: array<u32, ${side ** 2}>;
var<workgroup> sumsOf: array<f32, ${side}>;
var<workgroup> talliesOf: array<u32, ${side}>;

// Every thread puts something down; the first ones each take ${side} of those together, and all threads take what those have.

fn total(value: f32, local: u32) -> f32 {
  sums[local] = value;
  workgroupBarrier();
  if (local < ${side}u) {
    var some = 0.0;
    for (var i = 0u; i < ${side}u; i++) { some += sums[local * ${side}u + i]; }
    sumsOf[local] = some;
  }
  workgroupBarrier();
  var all = 0.0;
  for (var i = 0u; i < ${side}u; i++) { all += sumsOf[i]; }
  return all;
}

fn tally(value: u32, local: u32) -> u32 {
  tallies[local] = value;
  workgroupBarrier();
  if (local < ${side}u) {
    var some = 0u;
    for (var i = 0u; i < ${side}u; i++) { some += tallies[local * ${side}u + i]; }
    talliesOf[local] = some;
  }
  workgroupBarrier();
  var all = 0u;
  for (var i = 0u; i < ${side}u; i++) { all += talliesOf[i]; }
  return all;
}

fn most(value: f32, local: u32) -> f32 {
  sums[local] = value;
  workgroupBarrier();
  if (local < ${side}u) {
    var some = sums[local * ${side}u];
    for (var i = 1u; i < ${side}u; i++) { some = max(some, sums[local * ${side}u + i]); }
    sumsOf[local] = some;
  }
  workgroupBarrier();
  var all = sumsOf[0];
  for (var i = 1u; i < ${side}u; i++) { all = max(all, sumsOf[i]); }
  return all;
}

/** What the threads before this one have. */
fn talliesBefore(value: u32, local: u32) -> u32 {
  tallies[local] = value;
  workgroupBarrier();
  if (local < ${side}u) {
    var some = 0u;
    for (var i = 0u; i < ${side}u; i++) {
      let own = tallies[local * ${side}u + i];
      tallies[local * ${side}u + i] = some;
      some += own;
    }
    talliesOf[local] = some;
  }
  workgroupBarrier();
  var before = tallies[local];
  for (var i = 0u; i < local / ${side}u; i++) { before += talliesOf[i]; }
  return before;
}

fn sumBefore(value: f32, local: u32) -> f32 {
  sums[local] = value;
  workgroupBarrier();
  if (local < ${side}u) {
    var some = 0.0;
    for (var i = 0u; i < ${side}u; i++) {
      let own = sums[local * ${side}u + i];
      sums[local * ${side}u + i] = some;
      some += own;
    }
    sumsOf[local] = some;
  }
  workgroupBarrier();
  var before = 0.0;
  for (var i = 0u; i < local / ${side}u; i++) { before += sumsOf[i]; }
  return before + sums[local];
}
`;
}
