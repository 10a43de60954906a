import type { NumberExpression, Pattern } from '../../pattern/ir.ts';
import { evaluate } from '../../pattern/numbers.ts';
import { PatternError } from '../../pattern/primitive.ts';
import { drawKeys } from '../../pattern/random-mask.ts';
import type { Shape } from '../../pattern/shape.ts';
import { differenceOf, EMPTY, type Intervals, intersectionOf, merged, sizeOf } from './intervals.ts';
import type { Part } from './parts.ts';
import type { TreeLines } from './tree-lines.ts';
import type { View } from './view.ts';

/** What random parts a pattern is known to have been written with. */
export interface DrawHints {
  readonly keys: readonly number[];
  readonly seeds: readonly number[];
}

/** More keys than that in a row are not what is drawn at random. */
const MAX_KEYS = 512;
/** Nobody can search all seeds: these are the ones that people take. */
const USUAL_SEEDS = [...Array(32).keys(), 42, 100, 123, 1234, 1337, 12345, 2020, 2021, 2022, 2023, 2024, 2025, 2026];
/** Rows in which a draw is looked at before it is compiled. */
const TESTED_ROWS = 12;

/** Random parts that hold what is left of a mask; `known` is what other parts hold already. */
export function proposeDraws(view: View, known: TreeLines | undefined, shape: Shape, hints: DrawHints): Part[] {
  let most = 0;
  const rows: { row: number; keys: Intervals; left: Intervals }[] = [];
  for (const [row, keys] of view.rows) {
    const left = known === undefined ? keys : differenceOf(keys, known.row(row));
    const size = sizeOf(left);
    if (size > MAX_KEYS) return [];
    most = Math.max(most, size);
    rows.push({ row, keys, left });
  }
  if (most === 0) return [];
  const tested = rows.toSorted((a, b) => sizeOf(b.left) - sizeOf(a.left)).slice(0, TESTED_ROWS);
  const counts = new Set([...hints.keys.filter(keys => keys >= most), most, most + 1, most + 2]);
  const places = [{ perHead: false, layer: 0, head: 0 }];
  if (shape.layer > 0 || shape.head > 0) places.push({ perHead: true, layer: shape.layer, head: shape.head });
  const parts: Part[] = [];
  for (const keys of counts)
    for (const seed of new Set([...hints.seeds, ...USUAL_SEEDS]))
      for (const { perHead, layer, head } of places) {
        if (keys >= view.n) continue;
        const fits = tested.every(each => {
          const drawn = drawnIn(drawKeys(keys, view.n, each.row, { seed, layer, head }));
          const visible = intersectionOf(drawn, view.domain(each.row));
          return differenceOf(visible, each.keys).length === 0 && differenceOf(each.left, drawn).length === 0;
        });
        if (fits) parts.push({ kind: 'random', keys, seed, perHead });
      }
  return parts;
}

function drawnIn(keys: Uint32Array): Intervals {
  return keys.length === 0 ? EMPTY : merged(Array.from(keys, key => [key, key + 1] as const));
}

/** Counts and seeds of the `random` calls of a pattern, as far as they have a value at the shape. */
export function drawHints(pattern: Pattern | undefined, shape: Shape): DrawHints {
  const keys: number[] = [];
  const seeds: number[] = [];
  const take = (into: number[], argument: unknown): void => {
    if (typeof argument !== 'object' || argument === null || !('type' in argument) || argument.type !== 'number')
      return;
    if (!('value' in argument)) return;
    try {
      const value = evaluate(argument.value as NumberExpression, shape);
      if (Number.isSafeInteger(value) && value >= 0) into.push(value);
    } catch (error) {
      // What has no value here was not drawn here.
      if (!(error instanceof PatternError)) throw error;
    }
  };
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(visit);
    else if (typeof part === 'object' && part !== null) {
      if ('kind' in part && part.kind === 'primitive' && 'name' in part && part.name === 'random' && 'args' in part) {
        const args = part.args as Record<string, unknown>;
        take(keys, args.keys);
        take(seeds, args.seed);
      }
      for (const [name, value] of Object.entries(part)) if (name !== 'span') visit(value);
    }
  };
  visit(pattern);
  return { keys, seeds };
}
