import { comparedNames, type Other, otherOf } from './compare/compared.ts';
import { count } from './format.ts';
import type { Cell } from './mask/cell.ts';
import { shownOf } from './shown.ts';
import type { State } from './state.ts';

/** The parts that light a cell, in source order. */
export function litBy(state: State, cell: Cell) {
  const bound = shownOf(state)?.bound;
  if (!bound || cell.row >= bound.shape.queries || cell.column >= bound.shape.tokens) return [];
  const lit: (typeof bound.parts)[number][] = [];
  bound.mask.word(bound.shape.offset + cell.row, cell.column, 1, part => {
    const found = bound.parts[part];
    if (found !== undefined) lit.push(found);
  });
  return lit;
}

/** What is known about a cell, in words. */
export function readout(state: State, cell: Cell | null): string {
  const shape = shownOf(state)?.bound?.shape;
  if (shape === undefined || cell === null)
    return state.approximate ? '≈ The picture shows densities of sampled rows; zoom in for exact cells.' : '';
  const place = `i = ${count(shape.offset + cell.row)}, j = ${count(cell.column)}`;
  const hops = cell === state.cell ? hopsText(state) : '';
  const against = otherOf(state);
  if (against?.bound) return `${place}: ${heldBy(state, against.bound, cell)}`;
  const by = litBy(state, cell).map(({ label }) => label);
  return `${place}: ${by.length === 0 ? 'not attended' : `attended by ${by.join(' and ')}`}${hops}`;
}

/** How far the key of the selected cell is from its query. */
function hopsText({ way }: State): string {
  if (way === null) return '';
  if ('problem' in way) return `; hops unknown: ${way.problem}`;
  if (way.answer === null) return ', never heard of';
  const hops = way.answer.length - 1;
  return `, ${count(hops)} ${hops === 1 ? 'hop' : 'hops'}`;
}

/** Which of two masks that are compared hold a pair. */
function heldBy(state: State, { mask, shape }: NonNullable<Other['bound']>, cell: Cell): string {
  const [first, second] = comparedNames(state);
  let inSecond = false;
  if (cell.row < shape.queries && cell.column < shape.tokens)
    mask.word(shape.offset + cell.row, cell.column, 1, () => {
      inSecond = true;
    });
  const inFirst = litBy(state, cell).length > 0;
  if (inFirst === inSecond) return inFirst ? `in both ${first} and ${second}` : `neither in ${first} nor in ${second}`;
  return `only in ${inFirst ? first : second}`;
}
