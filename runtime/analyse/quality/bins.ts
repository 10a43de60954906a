// Probabilities fall into bins by the first bits of their float32: 64 bins for each power of two from 2^-32 on. All that is
// smaller is in the first bin. The WebAssembly kernel has the same numbers.

/** Last bits of a float32 that do not matter for its bin. */
export const SHIFT = 17;
/** The first bits of 2^-32. */
export const LOWEST = (127 - 32) << 6;
/** 32 powers of two, and 1 itself. */
export const BINS = 2049;
