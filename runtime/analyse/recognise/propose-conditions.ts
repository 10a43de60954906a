import { type Intervals, rangeAround, rangesOf } from './intervals.ts';
import type { Part } from './parts.ts';
import { distancesOf } from './propose-distances.ts';
import type { View } from './view.ts';

/** Parts that no primitive is: designs that the library writes as conditions. */
export function proposeConditions(view: View, columns: Intervals): Part[] {
  return view.causal ? restarts(view, columns) : [...halves(view), ...places(view, columns)];
}

/** Stretches of distances that each look like the first: its nearest ones, and powers of two beyond them. */
function restarts(view: View, columns: Intervals): Part[] {
  const [first, ...others] = rangesOf(distancesOf(view, columns)).filter(([, to]) => to > 0);
  if (first === undefined || first[0] > 0) return [];
  // The first two powers of two, 1 and 2, follow on the nearest distances without a gap.
  const near = first[1] - 2;
  if (near < 1) return [];
  const next = others.find(([from, to]) => to - from >= near + 2);
  if (next === undefined) return [];
  // A power of two may come just before the next stretch.
  return [...new Set([next[1] - near - 2, next[0]])].map(stretch => ({ kind: 'restarts', stretch, near }));
}

/** A noised and a clean half, in blocks. */
function halves(view: View): Part[] {
  // A noised block sees nothing but itself and clean ones, of which there are none before the first.
  const [block, ...more] = rangesOf(view.lines.row(0));
  if (block === undefined || more.length > 0 || block[0] > 0 || block[1] >= view.n) return [];
  const size = block[1];
  const half = rangesOf(view.lines.row(size))[1]?.[0];
  return half === undefined || half < size ? [] : [{ kind: 'halves', size, half }];
}

/** Rows that are looked at for the length of a frame. */
const MAX_LOOKED_AT = 8;

/** About the same place in every frame, behind a prompt that is whole columns. */
function places(view: View, columns: Intervals): Part[] {
  const prompt = columns[0] === 0 ? (columns[1] ?? 0) : 0;
  const found = new Map<string, Part>();
  for (const [row] of [...view.rows].filter(([row]) => row >= prompt).slice(0, MAX_LOOKED_AT)) {
    const [first, second, third] = rangesOf(view.lines.row(row)).filter(([from]) => from >= prompt);
    if (first === undefined || second === undefined) continue;
    // The first of them may be cut by the prompt.
    const frame = third === undefined ? second[0] - first[0] : third[0] - second[0];
    if (frame < 2 || prompt + frame >= view.n) continue;
    // The first place of a frame sees as many places as it goes on.
    const begin = prompt + frame;
    const near = (rangeAround(view.lines.row(begin), begin)?.[1] ?? begin) - begin;
    if (near > 0 && near < frame)
      found.set(`${frame},${near}`, { kind: 'places', offset: prompt % frame, frame, near });
  }
  return [...found.values()];
}
