// What all attention kernels share: their bindings, the work items, and how a row's result is put into place.

/** Bits of an item's flags. */
export const FIRST_PART = 1;
export const LAST_PART = 2;
export const ORDERED = 4;
/** The item's first row inside its row block stands above the flags. */
export const ROW_SHIFT = 8;

/** 32-bit words of a work item and of a merge. */
export const ITEM_WORDS = 8;
/** Bytes of the parameters. */
export const PARAMS_BYTES = 40;

/**
 * Bindings, eight storage buffers at most. A work item is one workgroup: some query rows of a row block, against some of
 * the block's tiles.
 */
export function declarations(tensors: { readonly q: string; readonly k: string; readonly v: string }): string {
  return `
const FULL = 0xffffffffu;
/** Stands for "no key yet": WGSL may assume that there are no infinities. */
const NEVER = -3e38;

struct Params {
  /** Items of this dispatch: [first, end). */
  first: u32,
  end: u32,
  /** Items are addressed as x + y * across, which keeps both below the limit of a dispatch. */
  across: u32,
  tileQueries: u32,
  tileKeys: u32,
  /** 32-bit words of a mask's row. */
  words: u32,
  /** Four-float vectors of an output row. */
  vectors: u32,
  /** Where the masks of this part of the mask begin. */
  masks: u32,
  /** Of each item's tiles this dispatch does at most \`most\`, from number \`begin\` on. */
  begin: u32,
  most: u32,
}

struct Item {
  /** First row in q. */
  q: u32,
  /** First row of the head in k and v. */
  kv: u32,
  /** Entries of the plan: [start, end), two words each. */
  start: u32,
  end: u32,
  /** First row in o and stats; with an order, the row that the order counts from. */
  out: u32,
  /** Where the order of the item's rows stands in the plan. */
  order: u32,
  /** Rows that are there: the others only fill the workgroup. */
  rows: u32,
  flags: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: ${tensors.q};
@group(0) @binding(2) var<storage, read> k: ${tensors.k};
@group(0) @binding(3) var<storage, read> v: ${tensors.v};
@group(0) @binding(4) var<storage, read> items: array<Item>;
/** Entries (key tile, mask), then orders of rows. */
@group(0) @binding(5) var<storage, read> plan: array<u32>;
@group(0) @binding(6) var<storage, read> masks: array<u32>;
@group(0) @binding(7) var<storage, read_write> o: array<vec4<f32>>;
/** Largest score in base 2, sum of weights. */
@group(0) @binding(8) var<storage, read_write> stats: array<vec2<f32>>;

/** What this dispatch does of an item. What others do of it is put together as the parts of a mask are. */
fn portion(index: u32) -> Item {
  var item = items[index];
  item.start += params.begin;
  if (params.begin > 0u) {
    item.flags &= ~${FIRST_PART}u;
  }
  if (item.end - item.start > params.most) {
    item.end = item.start + params.most;
    item.flags &= ~${LAST_PART}u;
  }
  return item;
}

/** Row of o and stats of the item's row. */
fn place(item: Item, row: u32) -> u32 {
  if ((item.flags & ${ORDERED}u) != 0u) {
    return item.out + plan[item.order + row];
  }
  return item.out + row;
}

struct Share {
  /** Factors of what is stored and of what is new. */
  before: f32,
  now: f32,
  m: f32,
  l: f32,
}

/** Earlier parts of a mask leave outputs that are not yet divided by their sums; the last one divides. */
fn share(flags: u32, at: u32, m: f32, l: f32) -> Share {
  var result = Share(0.0, 1.0, m, l);
  if ((flags & ${FIRST_PART}u) == 0u) {
    let stored = stats[at];
    let top = max(stored.x, m);
    result.before = select(0.0, exp2(max(stored.x - top, -126.0)), stored.y > 0.0);
    result.now = select(0.0, exp2(max(m - top, -126.0)), l > 0.0);
    result.m = top;
    result.l = stored.y * result.before + l * result.now;
  }
  if ((flags & ${LAST_PART}u) != 0u) {
    let inverse = select(0.0, 1.0 / select(1.0, result.l, result.l > 0.0), result.l > 0.0);
    result.before *= inverse;
    result.now *= inverse;
  }
  return result;
}
`;
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

export function lines(items: readonly number[], line: (item: number) => string): string {
  return items.map(line).join('\n');
}
