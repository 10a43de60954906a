/** 32-bit words of the parameters. */
export const PARAMS_WORDS = 16;

export const PARAMS = /* wgsl */ `
struct Params {
  /** Query rows of the dispatch, the first of them in the head and in the portion. */
  rows: u32,
  first: u32,
  begin: u32,
  keys: u32,
  dim: u32,
  /** Numbers from one row of scores to the next. */
  stride: u32,
  /** Does a row see only the keys up to its position, which is its number + offset? */
  causal: u32,
  offset: i32,
  /** Workgroups are numbered as x + y * across. */
  across: u32,
  /** Words of a row of the mask. */
  words: u32,
  points: u32,
  /** Bits that are left off of what is above the lower edge of a bin, so that sums fit. */
  left: u32,
  /** Times q . k, for powers of two. */
  factor: f32,
  /** The first diagonal that the dispatch touches, and how many. */
  diagonal: u32,
  diagonals: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

fn seenBy(row: u32) -> u32 {
  if (params.causal == 0u) { return params.keys; }
  return u32(clamp(params.offset + i32(params.first + row) + 1, 0, i32(params.keys)));
}
`;
