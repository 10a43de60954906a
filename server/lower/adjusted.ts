import type { NumberExpression, PositionItem } from '../../runtime/pattern/ir.ts';
import type { Expression } from '../generated/ast.ts';
import { LowerError } from './error.ts';

/** A number, a truth value, or the text of a list. */
export type AdjustedValue = number | boolean | string;

/** Expressions that are tried out with another value than the one that is written. */
export type Adjusted = ReadonlyMap<Expression, AdjustedValue>;

const NUMBER = /^-?[0-9][0-9_]*(Ki|Mi)?$/;

/**
 * The elements of a list of whole numbers and ranges of them, as text: `[0, 4..8, -1]`; an `n` in it is read on this grid.
 * Throws LowerError.
 */
export function adjustedList(text: string, at: Expression, grid = 0): readonly PositionItem[] {
  const inside = /^\s*\[([^[\]]*)\]\s*$/.exec(text)?.[1];
  if (inside === undefined) throw notAList(text, at);
  const written = inside.split(',').map(item => item.trim());
  if (written.at(-1) === '') written.pop();
  return written.map(item => {
    const [from = '', to, more] = item.split('..').map(bound => bound.trim());
    if (more !== undefined) throw notAList(text, at);
    const numberOf = (bound: string): NumberExpression => {
      const number = numberIn(bound, grid);
      if (number === undefined) throw notAList(text, at);
      return number;
    };
    return to === undefined ? { at: numberOf(from) } : { from: numberOf(from), to: numberOf(to) };
  });
}

function numberIn(written: string, grid: number): NumberExpression | undefined {
  if (written === 'n') return { op: 'shape', name: 'n', grid };
  if (!NUMBER.test(written)) return undefined;
  const factor = written.endsWith('Ki') ? 2 ** 10 : written.endsWith('Mi') ? 2 ** 20 : 1;
  return { op: 'number', value: factor * Number(written.replace(/Ki|Mi|_/g, '')) };
}

function notAList(text: string, at: Expression): LowerError {
  return new LowerError('wrong-type', `${text} is no list of positions: write them as [0, 4..8, -1]`, at);
}
