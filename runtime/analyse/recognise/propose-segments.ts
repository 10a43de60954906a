import type { Shape } from '../../pattern/shape.ts';
import { type Intervals, rangesOf } from './intervals.ts';
import type { Part, Whole } from './parts.ts';
import type { View } from './view.ts';

/** LongNet's branches: how many times the shortest segment, and which part of the positions. */
const LONGNET: readonly (readonly [segments: number, ratio: number])[] = [
  [1, 1],
  [2, 2],
  [4, 4],
  [8, 6],
  [16, 12],
];
const MAX_RATIO = 64;

/** Every `ratio`-th position of each segment, as a row whose keys are evenly spaced suggests. */
export function proposeSegments(view: View): Part[] {
  for (const [row, keys] of view.rows) {
    const ratio = spacing(keys);
    if (ratio === undefined || ratio > MAX_RATIO) continue;
    const residue = row % ratio;
    // Where the first segment ends: behind the last position that sees the first one, up to the next that does not.
    const column = view.lines.column(residue);
    const last = column.at(-1);
    if (last === undefined || last - 1 >= view.n - ratio) continue;
    return Array.from(
      { length: ratio },
      (_, more): Part => ({
        kind: 'residues',
        size: last + more,
        ratio,
        residue,
      }),
    ).filter(part => part.kind !== 'residues' || part.size > 0);
  }
  return [];
}

/** The distance of single keys that are evenly spaced. */
function spacing(keys: Intervals): number | undefined {
  const [first, second, third] = rangesOf(keys.slice(0, 6));
  if (first === undefined || second === undefined || third === undefined) return undefined;
  const distance = second[0] - first[0];
  const isEven = first[1] - first[0] === 1 && third[0] - second[0] === distance;
  return isEven && distance > 1 ? distance : undefined;
}

/** LongNet over segments of a size: the union of its branches at a head. */
export function longNet(size: number, shape: Shape): Whole {
  const parts = LONGNET.map(
    ([segments, ratio]): Part =>
      ratio === 1
        ? { kind: 'block', size }
        : { kind: 'residues', size: segments * size, ratio, residue: shape.head % ratio },
  );
  return { parts, causal: false, n: shape.tokens };
}
