import { rowCounts } from '../../compile/row-counts.ts';
import { differenceOf, type Intervals, intersectionOf, merged, rangesOf } from './intervals.ts';
import type { Part } from './parts.ts';
import { inAll, type View } from './view.ts';

/** Longer lists are no design that anybody would write down. */
const MAX_LISTED = 64;

/** Whole rows and columns of a mask, without those that its band makes whole. */
export interface Lines {
  readonly rows: Intervals;
  readonly columns: Intervals;
}

/** Which rows and columns are whole (in the past, for a causal mask) beside a band of `before` and `after`. */
export function wholeLines(view: View, before: number, after: number): Lines {
  const { n, causal } = view;
  const rows = wholeRows(view);
  // Every sampled row has these keys, which is true of whole columns, and no proof.
  const columns = inAll(view.rows, n, row => view.domain(row));
  const [rowHead, rowTail] = ends(rows, n);
  const [columnHead, columnTail] = ends(columns, n);
  // A column is whole without being listed where the band reaches from the whole rows at the start to those at the end.
  const bandColumns = range(rowTail - 1 - before, causal ? n : rowHead + after + 1);
  const bandRows = range(causal ? 0 : columnTail - 1 - after, columnHead + before + 1);
  return { rows: without(rows, bandRows), columns: without(columns, bandColumns) };
}

/** Where the range at the start ends and the range at the end begins. */
function ends(set: Intervals, n: number): [head: number, tail: number] {
  return [set[0] === 0 ? (set[1] ?? 0) : 0, set.at(-1) === n ? (set.at(-2) ?? n) : n];
}

function range(from: number, to: number): Intervals {
  return merged([[Math.max(0, from), to]]);
}

/** The ranges that are not wholly explained. */
function without(set: Intervals, explained: Intervals): Intervals {
  return rangesOf(set)
    .filter(each => differenceOf(each, explained).length > 0)
    .flat();
}

function wholeRows(view: View): Intervals {
  const found: [number, number][] = [];
  const counts = rowCounts(view.tree);
  for (let row = 0; row < counts.length; row++)
    if (counts[row] === (view.causal ? row + 1 : view.n)) {
      const last = found.at(-1);
      if (last !== undefined && last[1] === row) last[1] = row + 1;
      else found.push([row, row + 1]);
    }
  return merged(found);
}

/** Parts that are whole rows and columns. */
export function proposeLines({ rows, columns }: Lines): Part[] {
  const both = intersectionOf(rows, columns);
  const otherColumns = differenceOf(columns, both);
  return [
    ...listed('global', both),
    ...listed('rows', differenceOf(rows, both)),
    ...everyStride(otherColumns),
    ...listed('columns', otherColumns),
  ];
}

/** A list, and its ranges one by one where some of them are mistaken. */
function listed(kind: 'global' | 'rows' | 'columns', tokens: Intervals): Part[] {
  if (tokens.length === 0) return [];
  const ranges = rangesOf(tokens.slice(0, 16)).map((each): Part => ({ kind, tokens: each }));
  return tokens.length > 2 * MAX_LISTED ? ranges : ranges.length === 1 ? ranges : [{ kind, tokens }, ...ranges];
}

/** `fixed(stride, columns)`, or columns elsewhere in each stride, as the first ranges suggest. */
function everyStride(columns: Intervals): Part[] {
  const [first, second] = rangesOf(columns.slice(0, 4));
  if (first === undefined) return [];
  const width = first[1] - first[0];
  const candidates = new Set([...(second === undefined ? [] : [second[0] - first[0]]), first[1]]);
  return [...candidates]
    .filter(stride => width < stride)
    .flatMap((stride): Part[] => {
      const from = first[0] % stride;
      if (from + width > stride) return [];
      return from + width === stride
        ? [{ kind: 'fixed', stride, columns: width }]
        : [{ kind: 'stripes', stride, from, to: from + width }];
    });
}
