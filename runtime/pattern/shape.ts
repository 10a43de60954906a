/** Longest sequence that is accepted: positions and distances of both signs stay 32-bit integers. */
export const MAX_TOKENS = 2 ** 30;

/**
 * Longest sequence of which something is kept for every position (plans, orders, flow, files), and for which conditions
 * are computed: a product of two positions stays an exact double.
 */
export const MAX_LISTED_TOKENS = 2 ** 26;

/** The surroundings in which a pattern gets its meaning. Positions are 0-based. */
export interface Shape {
  /** Sequence length: keys, and the range of query positions. */
  readonly tokens: number;
  /** Number of query rows; row r sits at position `offset + r`. */
  readonly queries: number;
  /** Position of query row 0. */
  readonly offset: number;
  readonly head: number;
  readonly heads: number;
  readonly layer: number;
  readonly layers: number;
  /** Inside `blocked(...)`: the lengths of the enclosing grids, outermost (the sequence) first. */
  readonly outer?: readonly number[];
}

/** A square shape: every position is a query and a key. Of `at` only the head and layer are taken. */
export function squareShape(
  tokens: number,
  { head = 0, heads = 1, layer = 0, layers = 1 }: Partial<Pick<Shape, 'head' | 'heads' | 'layer' | 'layers'>> = {},
): Shape {
  return { tokens, queries: tokens, offset: 0, head, heads, layer, layers };
}

/** The grid of blocks of `size` positions over a sequence: every block is a query and a key. */
export function gridShape(shape: Shape, size: number): Shape {
  const tokens = Math.ceil(shape.tokens / size);
  return { ...shape, tokens, queries: tokens, offset: 0, outer: [...(shape.outer ?? []), shape.tokens] };
}
