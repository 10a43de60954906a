/** 32-bit words of the parameters. */
export const PARAMS_WORDS = 8;
/** 32-bit words that a cut of a row takes; see CUTS. */
export const CUT_WORDS = 9;
/** Starts of rows that are not listed. */
export const UNLISTED = 0xffffffff;
/** Weight of a row's best score. It leaves room for the error of exp beneath 2**32. */
export const WEIGHT_OF_BEST = 2 ** 32 - 2 ** 12;

export const PARAMS = `
/** Stands for a key that is no candidate: WGSL may assume that there are no infinities. */
const NEVER = -3e38;

struct Params {
  /** Workgroups of the dispatch: they are numbered as x + y * across. */
  count: u32,
  across: u32,
  dim: u32,
  tokens: u32,
  /** Query rows of the dispatch, and scores of a row. */
  rows: u32,
  stride: u32,
  /** Keys that a row takes, and what makes exponents of scores: each where the rule has it. */
  keys: u32,
  scale: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
`;

/**
 * Cuts of rows, a workgroup for each: between which scores the last one that a row takes lies, how many places may be taken,
 * and how many of them are marked, for others to settle. What is above `high` is taken for certain, what is below `low` is
 * not.
 */
export const CUTS = `
@group(0) @binding(1) var<storage, read> scores: array<f32>;
/** Scores of the row; the bits of its slack; and, where the rule has shares, the least and the largest one, in 2**-32. */
@group(0) @binding(2) var<storage, read> about: array<vec4<u32>>;
/** low, high, places, marked ones, best score, weight of what is above high (two words), and of what is below low. */
@group(0) @binding(3) var<storage, read_write> cuts: array<u32>;

/** Whole numbers in the order of scores. */
fn orderOf(score: f32) -> u32 {
  let bits = bitcast<u32>(score);
  return select(~bits, bits | 0x80000000u, (bits >> 31u) == 0u);
}

fn scoreOf(order: u32) -> f32 {
  return bitcast<f32>(select(~order, order & 0x7fffffffu, (order >> 31u) == 1u));
}
`;
