/** How many rows have about so many keys. */
export interface RowSpread {
  /** Fewest and most keys of a row; 0 and 0 when there are no rows. */
  readonly min: number;
  readonly max: number;
  /** Whole numbers of keys that one bin holds: bin `b` counts rows with `min + b * width` up to, not with, `min + (b + 1) * width`. */
  readonly width: number;
  /** Rows in each bin. The last one reaches `max` or beyond it. */
  readonly bins: readonly number[];
}

/**
 * Sorts rows by their number of keys into at most `most` bins of equal width.
 *
 * @param counts keys of each row, whole numbers [queries]
 * @param most bins, 1 or more
 */
export function rowSpread(counts: Float64Array, most: number): RowSpread {
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  for (const count of counts) {
    if (count < min) min = count;
    if (count > max) max = count;
  }
  if (counts.length === 0) return { min: 0, max: 0, width: 1, bins: [] };
  const values = max - min + 1;
  const width = Math.ceil(values / most);
  const bins = new Array<number>(Math.ceil(values / width)).fill(0);
  for (const count of counts) {
    const bin = Math.floor((count - min) / width);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return { min, max, width, bins };
}

/** Some neighbouring rows and how many keys they have. */
export interface RowStretch {
  /** The first of the rows. */
  readonly first: number;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

/**
 * Keys per row along the sequence, in at most `most` stretches of equal length (the last one may be shorter).
 *
 * @param counts keys of each row [queries]
 */
export function rowStretches(counts: Float64Array, most: number): readonly RowStretch[] {
  const length = Math.max(1, Math.ceil(counts.length / most));
  const stretches: RowStretch[] = [];
  for (let first = 0; first < counts.length; first += length) {
    let min = Number.POSITIVE_INFINITY;
    let max = 0;
    let sum = 0;
    const end = Math.min(counts.length, first + length);
    for (const count of counts.subarray(first, end)) {
      if (count < min) min = count;
      if (count > max) max = count;
      sum += count;
    }
    stretches.push({ first, min, mean: sum / (end - first), max });
  }
  return stretches;
}
