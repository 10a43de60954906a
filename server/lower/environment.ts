import type { NumberExpression, PositionItem, Span } from '../../runtime/pattern/ir.ts';
import type { Binder, Expression, Parameter, StringLiteral } from '../generated/ast.ts';
import type { Adjusted } from './adjusted.ts';
import { Budget } from './budget.ts';

/** What a parameter stands for. Values keep their meaning; patterns wait until it is known on which grid they are used. */
export type Bound =
  | { readonly type: 'number' | 'bool'; readonly value: NumberExpression; readonly span: Span }
  | { readonly type: 'positions'; readonly items: readonly PositionItem[]; readonly span: Span }
  | { readonly type: 'string'; readonly literal: StringLiteral; readonly span: Span }
  | { readonly type: 'pattern'; readonly expression: Expression; readonly environment: Environment };

/** The surroundings in which an expression is lowered. */
export interface Environment {
  readonly parameters: ReadonlyMap<Parameter, Bound>;
  /** 0 on the sequence, 1 inside one `blocked(...)`, and so on. */
  readonly grid: number;
  /** Variables of the enclosing `where`. */
  readonly binders: ReadonlyMap<Binder, 'i' | 'j'>;
  readonly budget: Budget;
  /** Values that are tried out in the place of what is written. */
  readonly adjusted: Adjusted;
}

/** No parameters, on the sequence itself. */
export function outermost(adjusted: Adjusted = new Map()): Environment {
  return { parameters: new Map(), grid: 0, binders: new Map(), budget: new Budget(), adjusted };
}
