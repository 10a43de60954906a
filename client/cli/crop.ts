import { InvalidArgumentError } from 'commander';
import type { Crop } from '../../runtime/draw/picture.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { wrongUse } from './failure.ts';
import { parseLength } from './numbers.ts';

type Range = readonly [from: number, to: number];

/** Parts of a mask as they are written: `0..512` for queries and keys, or `0..512,1Ki..2Ki`, queries first. */
export function parseCrop(text: string): Crop {
  const [rows, keys = rows, ...more] = text.split(',').map(range);
  if (rows === undefined || keys === undefined || more.length > 0) throw malformed();
  return { rows, keys };
}

function range(text: string): Range {
  const [, from, to] = /^(\w+)\.\.(\w+)$/.exec(text.trim()) ?? [];
  if (from === undefined || to === undefined) throw malformed();
  const [first, end] = [parseLength(from), parseLength(to)];
  if (first === undefined || end === undefined || first >= end) throw malformed();
  return [first, end];
}

function malformed(): Error {
  return new InvalidArgumentError(
    'Write a range of positions such as 0..512, or one of queries and one of keys: 0..512,1Ki..2Ki.',
  );
}

/** The part of a mask that there is. Throws Failure (2) when none of it is. */
export function cropWithin({ rows, keys }: Crop, { queries, tokens }: Shape): Crop {
  return { rows: within(rows, queries, 'queries'), keys: within(keys, tokens, 'keys') };
}

function within([from, to]: Range, count: number, what: string): Range {
  if (from >= count) throw wrongUse(`--crop ${from}..${to}: there are ${count} ${what}, 0 to ${count - 1}`);
  return [from, Math.min(to, count)];
}
