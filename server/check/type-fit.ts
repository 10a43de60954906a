import type { AstNode } from 'langium';
import { isList } from '../generated/ast.ts';
import { placeOf, textOf } from '../source.ts';
import type { SparseType } from '../types.ts';
import type { Details } from './finding.ts';
import { replacing } from './mends.ts';

/** Does a value of one type stand where another is wanted? */
export function fits(actual: SparseType, wanted: SparseType): boolean {
  if (actual === wanted || actual === 'unknown' || wanted === 'unknown') return true;
  if (wanted === 'condition') return actual === 'number' || actual === 'bool';
  if (wanted === 'values')
    return actual === 'number' || actual === 'bool' || actual === 'condition' || actual === 'positions';
  return actual === 'condition' && (wanted === 'number' || wanted === 'bool');
}

/** What would make it fit, for the end of a message; empty when nothing comes to mind. */
export function typeHint(actual: SparseType, wanted: SparseType, node: AstNode): string {
  if (wanted === 'positions' && actual === 'number') return '; put it in brackets';
  if (wanted === 'number' && actual === 'positions' && isList(node) && node.items.length === 1)
    return '; leave out the brackets';
  if (wanted === 'number' && actual === 'bool') return '; write c ? 1 : 0 to count a condition';
  if (wanted === 'pattern' && actual === 'bool') return '; write where (i, j) => ... for a pattern of pairs';
  return '';
}

/** Puts brackets where they are missing, and takes them away where they are too many. */
export function typeMend(actual: SparseType, wanted: SparseType, node: AstNode): Details {
  if (wanted === 'positions' && actual === 'number')
    return { mends: [replacing(placeOf(node), `[${textOf(node)}]`, 'Put it in brackets', true)] };
  if (wanted === 'number' && isList(node) && node.items.length === 1 && node.items[0]?.to === undefined)
    return { mends: [replacing(placeOf(node), textOf(node.items[0] ?? node), 'Leave out the brackets', true)] };
  return {};
}
