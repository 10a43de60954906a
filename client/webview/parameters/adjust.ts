import { evaluate } from '../../../runtime/pattern/numbers.ts';
import { PatternError } from '../../../runtime/pattern/primitive.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import type { Adjustable, Adjustments } from '../../../server/protocol.ts';

/** A value of an adjustable: a number, a truth value, or the text of a list. */
export type Value = Adjustments[string];

/** What the source says at this length; undefined where it has no value. */
export function writtenValue({ value }: Adjustable, tokens: number): Value | undefined {
  if (typeof value !== 'object') return value;
  try {
    const number = evaluate(value, squareShape(tokens));
    return Number.isFinite(number) ? number : undefined;
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
}

/** Adjustments that still make a difference: their place is there, and the source says something else. */
export function stillAdjusted(adjustments: Adjustments, adjustables: readonly Adjustable[]): Adjustments {
  const rest = Object.entries(adjustments).filter(([id, value]) => {
    const adjustable = adjustables.find(each => each.id === id);
    return adjustable !== undefined && !says(adjustable, value);
  });
  return rest.length === Object.keys(adjustments).length ? adjustments : Object.fromEntries(rest);
}

/** Other adjustments, with this one among them unless it is what the source says. */
export function adjusted(adjustments: Adjustments, adjustable: Adjustable, value: Value): Adjustments {
  const { [adjustable.id]: _, ...others } = adjustments;
  return says(adjustable, value) ? others : { ...others, [adjustable.id]: value };
}

/** A number that is computed is never what is written, even if it comes to the same. */
function says({ value: written }: Adjustable, value: Value): boolean {
  return typeof written === 'object' ? written.op === 'number' && written.value === value : written === value;
}

/** Where a slider begins and ends, and its steps. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** What is counted along the sequence cannot be more than it. */
const ALONG_SEQUENCE: ReadonlySet<string> = new Set(['keys', 'tokens', 'positions', 'queries']);

/** Sliders of small numbers reach at least so far. */
const LEAST_MOST = 16;

/**
 * Bounds within which a number is likely to be wanted: from the least that its primitive takes to some times what is
 * written, and not beyond the sequence where it counts along it. A field takes what lies outside.
 */
export function boundsOf({ integer, min, unit }: Adjustable, written: number, tokens: number): Bounds {
  if (!integer && written >= 0 && written <= 1) return { min: Math.min(min ?? 0, written), max: 1, step: 0.01 };
  const size = Math.max(Math.abs(written), 1);
  const several = 2 ** Math.ceil(Math.log2(4 * size));
  const most = integer ? Math.max(LEAST_MOST, several) : several;
  const along = unit !== null && ALONG_SEQUENCE.has(unit);
  const max = Math.max(written, along ? Math.min(tokens, most) : most);
  const least = min ?? (written < 0 ? -most : 0);
  return { min: Math.min(least, written), max, step: integer ? 1 : 10 ** Math.floor(Math.log10(several / 100)) };
}

/** A number that was typed, or what is wrong with it. */
export function typedNumber(
  text: string,
  { integer, min }: Pick<Adjustable, 'integer' | 'min'>,
): { readonly value: number } | { readonly problem: string } {
  const match = /^(-?(?:[0-9][0-9_,]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(Ki|Mi)?$/.exec(text.trim());
  const factor = match?.[2] === 'Ki' ? 2 ** 10 : match?.[2] === 'Mi' ? 2 ** 20 : 1;
  const value = match === null ? Number.NaN : factor * Number(match[1]?.replace(/[_,]/g, ''));
  if (!Number.isFinite(value)) return { problem: 'Write a number, e.g. 512 or 4Ki.' };
  if (integer && !Number.isInteger(value)) return { problem: 'It must be a whole number.' };
  if (min !== null && value < min) return { problem: `It must be at least ${min}.` };
  return { value };
}

/** A list of positions that was typed, or what is wrong with it. */
export function typedList(text: string): { readonly value: string } | { readonly problem: string } {
  const list = text.trim().startsWith('[') ? text.trim() : `[${text.trim()}]`;
  const item = '(?:-?[0-9][0-9_]*(?:Ki|Mi)?|n)';
  const isList = new RegExp(String.raw`^\[\s*(?:${item}(?:\s*\.\.\s*${item})?\s*(?:,\s*|(?=\])))*\]$`).test(list);
  return isList ? { value: list } : { problem: 'Write positions and ranges of them, e.g. [0, 4..8, -1].' };
}
