import type { Blocks } from './whole-blocks.ts';

// The modes of DeepSpeed's `sparse_attention` configuration (edaa7221) that draw nothing at random, by which blocks they
// allow. `bigbird` without random blocks is a `bslongformer`; the configuration reads no `attention` for either: both look ahead.

/** The object under `sparse_attention` in a DeepSpeed configuration, without `block`. */
export type Mode = Readonly<Record<string, string | number | boolean | readonly number[] | null>>;

/** Is block (row, column) of a head allowed? */
type Layout = (head: number, row: number, column: number) => boolean;

/** Searching for the parameters of longer layouts would take longer than they are worth. */
const LONGEST = 1024;

/** The mode that allows exactly these blocks, `allowed` [heads, size, size]; undefined when none does. */
export function modeOf(
  allowed: Uint8Array,
  { rows: size, columns }: Pick<Blocks, 'rows' | 'columns'>,
): Mode | undefined {
  if (size !== columns || size > LONGEST) return undefined;
  const heads = allowed.length / (size * size);
  const has: Layout = (head, row, column) => allowed[(head * size + row) * size + column] === 1;
  const isSame = (layout: Layout): boolean => {
    for (let head = 0; head < heads; head++)
      for (let row = 0; row < size; row++)
        for (let column = 0; column < size; column++)
          if (has(head, row, column) !== layout(head, row, column)) return false;
    return true;
  };
  const indices = Array.from({ length: size }, (_, index) => index);
  if (!allowed.includes(0)) return { mode: 'dense' };
  return longformer(indices, has, isSame) ?? fixed(heads, indices, has, isSame) ?? variable(indices, has, isSame);
}

function longformer(indices: readonly number[], has: Layout, isSame: (layout: Layout) => boolean): Mode | undefined {
  const isGlobal = indices.map(at => indices.every(other => has(0, at, other) && has(0, other, at)));
  let near = -1;
  for (const row of indices)
    for (const column of indices)
      if (isGlobal[row] !== true && isGlobal[column] !== true && has(0, row, column))
        near = Math.max(near, Math.abs(row - column));
  const layout: Layout = (_, row, column) =>
    Math.abs(row - column) <= near || isGlobal[row] === true || isGlobal[column] === true;
  // A window wider than the sequence is refused.
  if (near < 0 || 2 * near + 1 > indices.length || !isSame(layout)) return undefined;
  return {
    mode: 'bslongformer',
    num_sliding_window_blocks: 2 * near + 1,
    global_block_indices: indices.filter(at => isGlobal[at]),
    global_block_end_indices: null,
  };
}

function fixed(
  heads: number,
  indices: readonly number[],
  has: Layout,
  isSame: (layout: Layout) => boolean,
): Mode | undefined {
  const size = indices.length;
  for (const attention of ['unidirectional', 'bidirectional'] as const)
    for (const local of localSizes(attention, indices, has))
      for (let global = 1; global <= local; global++) {
        if (local % global !== 0) continue;
        for (const horizontal of attention === 'bidirectional' ? [false, true] : [false])
          for (let patterns = 1; patterns <= (heads > 1 ? Math.min(heads, local / global) : 1); patterns++) {
            if (!isSame(fixedLayout({ size, local, global, attention, horizontal, patterns }))) continue;
            return {
              mode: 'fixed',
              different_layout_per_head: patterns > 1,
              num_local_blocks: local,
              num_global_blocks: global,
              attention,
              horizontal_global_attention: horizontal,
              num_different_global_patterns: patterns,
            };
          }
      }
  return undefined;
}

/** How long local windows may be, as the first rows tell: all others are not worth trying. */
function localSizes(
  attention: 'unidirectional' | 'bidirectional',
  indices: readonly number[],
  has: Layout,
): readonly number[] {
  const size = indices.length;
  const seen = indices.find(column => !has(0, 0, column)) ?? size;
  // The first row sees its window and, where the second one begins with global blocks, those.
  if (attention === 'bidirectional') return indices.slice(Math.ceil(seen / 2), seen + 1).filter(local => local > 0);
  // The first row that does not see all before it is in the second window. There is none where windows are one block, where all
  // of their blocks are global, of which even the first row sees the first ones, and where there is one window.
  const second = indices.find(row => indices.some(column => column <= row && !has(0, row, column)));
  return second === undefined ? [...new Set([1, seen, size])] : [second];
}

function fixedLayout(mode: {
  readonly size: number;
  readonly local: number;
  readonly global: number;
  readonly attention: 'unidirectional' | 'bidirectional';
  readonly horizontal: boolean;
  readonly patterns: number;
}): Layout {
  const { size, local, global, attention, horizontal, patterns } = mode;
  const looksAhead = attention === 'bidirectional';
  const end = size - (size % local);
  return (head, row, column) => {
    const first = local - (1 + (head % patterns)) * global;
    // Where the global blocks of a window begin; those of a short last window end with it.
    const startOf = (block: number): number =>
      block >= end ? Math.min(end + first, size - global) : Math.floor(block / local) * local + first;
    const isGlobal = (block: number): boolean =>
      [startOf(block), ...(end < size ? [startOf(end)] : [])].some(start => block >= start && block < start + global);
    const isLocal = Math.floor(row / local) === Math.floor(column / local) && (looksAhead || column <= row);
    if (isLocal || (horizontal && isGlobal(row))) return true;
    if (!isGlobal(column)) return false;
    // Ahead of the first of several global blocks nothing is looked at, between them it is.
    const start = column >= startOf(column) && column < startOf(column) + global ? startOf(column) : startOf(end);
    return looksAhead || row >= start;
  };
}

function variable(indices: readonly number[], has: Layout, isSame: (layout: Layout) => boolean): Mode | undefined {
  const size = indices.length;
  for (const attention of ['unidirectional', 'bidirectional'] as const) {
    const looksAhead = attention === 'bidirectional';
    const isGlobal = indices.map(
      at => (looksAhead || at < size - 1) && indices.every(row => has(0, row, at) || (!looksAhead && row < at)),
    );
    for (const horizontal of looksAhead ? [false, true] : [false]) {
      const window = windowsOf(indices, has, isGlobal);
      const layout: Layout = (_, row, column) =>
        (window[row] === window[column] && (looksAhead || column <= row)) ||
        (isGlobal[column] === true && (looksAhead || row >= column)) ||
        (horizontal && isGlobal[row] === true);
      if (!isSame(layout)) continue;
      const sizes: number[] = [];
      for (const at of window) sizes[at] = (sizes[at] ?? 0) + 1;
      // The last size repeats, and the end cuts the last window short.
      if (Number(sizes.at(-1)) < Number(sizes.at(-2))) sizes.pop();
      while (sizes.length > 1 && sizes.at(-1) === sizes.at(-2)) sizes.pop();
      return {
        mode: 'variable',
        num_random_blocks: 0,
        local_window_blocks: sizes,
        global_block_indices: indices.filter(at => isGlobal[at]),
        global_block_end_indices: null,
        attention,
        horizontal_global_attention: horizontal,
      };
    }
  }
  return undefined;
}

/** Which window each block is in, as far as the blocks beside the diagonal tell. */
function windowsOf(indices: readonly number[], has: Layout, isGlobal: readonly boolean[]): number[] {
  let window = -1;
  let first = 0;
  return indices.map(row => {
    // A column that all see says nothing about windows; where a window has no other one so far, its first has to do.
    let telling = first;
    while (telling < row - 1 && isGlobal[telling] === true) telling++;
    if (row === 0 || !has(0, row, telling)) {
      window++;
      first = row;
    }
    return window;
  });
}
