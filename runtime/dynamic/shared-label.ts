import { type KeySet, KeySetsMask, keySet } from './key-sets.ts';

/**
 * The pairs whose query and key carry one label: a bucket or a cluster. Rows of one label share their set of keys.
 *
 * @param queryLabels [queries], of the rows from `firstRow` on
 * @param keyLabels [tokens]
 * @param labels how many there are; labels are 0 to labels - 1
 */
export function sharedLabelMask(
  queryLabels: Uint32Array,
  keyLabels: Uint32Array,
  labels: number,
  firstRow: number,
): KeySetsMask {
  const start = new Uint32Array(labels + 1);
  for (const label of keyLabels) start[label + 1] = (start[label + 1] ?? 0) + 1;
  for (let label = 0; label < labels; label++) start[label + 1] = (start[label + 1] ?? 0) + (start[label] ?? 0);
  const sorted = new Uint32Array(keyLabels.length);
  const next = start.slice();
  keyLabels.forEach((label, key) => {
    const at = next[label] ?? 0;
    sorted[at] = key;
    next[label] = at + 1;
  });
  const known = new Map<number, KeySet>();
  const sets = Array.from(queryLabels, label => {
    let set = known.get(label);
    if (set === undefined) {
      set = keySet(sorted.subarray(start[label], start[label + 1]), keyLabels.length);
      known.set(label, set);
    }
    return set;
  });
  return new KeySetsMask(sets, firstRow);
}
