import type { Stacked } from '../../../runtime/analyse/stacking.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import type { Mask } from '../../../runtime/pattern/mask.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { allows } from '../brute-force.ts';

/** Everything by its definition: sets of keys, bit j of a number for key j, grown layer by layer. */
export function expected(n: number, patterns: readonly Pattern[], layers: readonly number[], token: number): Stacked {
  const shape = squareShape(n);
  const positions = Array.from({ length: n }, (_, i) => i);
  const bit = (key: number): bigint => 1n << BigInt(key);
  const sees = patterns.map(pattern =>
    positions.map(i => positions.filter(j => i === j || allows(pattern, shape, i, j))),
  );
  const grow = (known: readonly bigint[], mask: readonly (readonly number[])[]): bigint[] =>
    mask.map(keys => keys.reduce((all, key) => all | (known[key] ?? 0n), 0n));
  const keysOf = (set: bigint): number[] => positions.filter(key => (set & bit(key)) !== 0n);
  const size = (known: readonly bigint[]): number => known.reduce((sum, set) => sum + keysOf(set).length, 0);
  const start = positions.map(bit);
  const any = positions.map(i => [...new Set(sees.flatMap(mask => mask[i] ?? []))]);
  let closure = start;
  let hops = 0;
  for (let next = grow(closure, any); next.some((set, i) => set !== closure[i]); next = grow(closure, any)) {
    closure = next;
    hops++;
  }
  const byLayer: number[] = [];
  const fields: { keys: number; first: number; last: number }[] = [];
  let known = start;
  for (const layer of layers) {
    known = grow(known, sees[layer]!);
    byLayer.push(size(known));
    const keys = keysOf(known[token]!);
    fields.push({ keys: keys.length, first: Math.min(...keys), last: Math.max(...keys) });
    if (size(known) === size(closure)) break;
  }
  const count = (test: (i: number, j: number) => boolean): number =>
    closure.reduce((sum, set, i) => sum + keysOf(set).filter(j => test(i, j)).length, 0);
  return {
    connected: size(closure),
    past: count((i, j) => j <= i),
    future: count((i, j) => j >= i),
    hops,
    byLayer,
    fields,
    missing: { past: undefined, future: undefined },
  };
}

/** The pairs of a mask by query: keys of query i are `key[start[i]]` to `key[start[i + 1] - 1]`, ascending. */
export interface Neighbours {
  readonly start: Uint32Array;
  readonly key: Uint32Array;
}

/** Lists all pairs of a mask, asked word by word. */
export function neighboursOf(mask: Mask, n: number): Neighbours {
  const start = new Uint32Array(n + 1);
  const key: number[] = [];
  for (let query = 0; query < n; query++) {
    for (let column = 0; column < n; column += 32) {
      const word = mask.word(query, column);
      for (let bit = 0; bit < Math.min(32, n - column); bit++) if ((word >>> bit) & 1) key.push(column + bit);
    }
    start[query + 1] = key.length;
  }
  return { start, key: Uint32Array.from(key) };
}

/** The same where all layers are alike, by a search from every position. */
export function searched({ start, key }: Neighbours, token: number): Omit<Stacked, 'missing'> {
  const n = start.length - 1;
  const found: number[] = [];
  const fields: { keys: number; first: number; last: number }[] = [];
  let past = 0;
  let future = 0;
  const met = new Int32Array(n).fill(-1);
  for (let query = 0; query < n; query++) {
    let reached = [query];
    met[query] = query;
    const field = { keys: 1, first: query, last: query };
    past++;
    future++;
    for (let steps = 0; reached.length > 0; steps++) {
      found[steps] = (found[steps] ?? 0) + reached.length;
      const next: number[] = [];
      for (const position of reached)
        for (let at = start[position]!; at < start[position + 1]! && field.keys < n; at++) {
          const other = key[at]!;
          if (met[other] === query) continue;
          met[other] = query;
          next.push(other);
          if (other < query) past++;
          else future++;
          field.keys++;
          field.first = Math.min(field.first, other);
          field.last = Math.max(field.last, other);
        }
      if (query === token) fields.push({ ...field });
      reached = next;
    }
  }
  const byLayer = found.slice(1).map((_, layer) => found.slice(0, layer + 2).reduce((sum, count) => sum + count));
  const last = fields.at(-1)!;
  return {
    connected: past + future - n,
    past,
    future,
    hops: byLayer.length,
    byLayer,
    fields: byLayer.map((_, layer) => fields[layer] ?? last),
  };
}
