import { contains, type Intervals, rangeAround } from './intervals.ts';
import type { Part } from './parts.ts';
import type { View } from './view.ts';

/** Documents that are told apart; more are taken to be blocks of one size. */
const MAX_DOCUMENTS = 256;

/** Runs of keys that are read to tell them apart. */
const MAX_RUNS = 2 ** 20;

/** Parts in which the sequence falls into stretches that see themselves; `columns` are whole ones. */
export function proposeBlocks(view: View, columns: Intervals): Part[] {
  const { n } = view;
  const ends: number[] = [];
  let position = 0;
  while (position < n && contains(columns, position)) position++;
  const begin = position;
  let runs = 0;
  while (position < n && ends.length < MAX_DOCUMENTS && (ends.length < 3 || runs < MAX_RUNS)) {
    // The first position of a stretch is seen as far as the stretch goes.
    const column = view.lines.column(position);
    runs += column.length / 2;
    const end = rangeAround(column, position)?.[1];
    if (end === undefined || end <= position) return [];
    // Positions that stand alone are no stretches.
    if (ends.length === 1 && end - position < 2) return [];
    ends.push(end);
    position = end;
  }
  const [first = n, second] = ends;
  const size = second === undefined ? first : second - first;
  const parts: Part[] = [];
  // Two tilings that overlap by half are a window of three half tiles, counted from behind the first columns.
  const side = first - begin;
  if (begin > 0 && side > 1 && side < n && side % 2 === 0)
    for (const from of [begin, begin + side / 2])
      if (from % side !== 0) parts.push({ kind: 'tiles', extents: [n], sides: [side], shifts: [from % side] });
  if (size < n) {
    if (first % size === 0) parts.push({ kind: 'block', size });
    else parts.push({ kind: 'tiles', extents: [n], sides: [size], shifts: [first % size] });
  }
  // What stops short of the end may still be regular; and the first position may be seen from beyond its block.
  const others = [side, first, rangeAround(view.lines.column(begin + 1), begin + 1)?.[1] ?? n];
  for (const other of new Set(others))
    if (other > 1 && other < n && other !== size) parts.push({ kind: 'block', size: other });
  if (position >= n && ends.length > 1)
    parts.push({ kind: 'documents', lengths: ends.map((end, at) => end - (ends[at - 1] ?? 0)) });
  return parts;
}
