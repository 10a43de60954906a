import type { BinaryOperator, FunctionName, NumberExpression } from '../../pattern/ir.ts';

/** A number or condition on a pair as it is written, and as it is computed. */
export interface Condition {
  readonly text: string;
  readonly meaning: NumberExpression;
}

export const QUERY: Condition = { text: 'i', meaning: { op: 'pair', name: 'i' } };
export const KEY: Condition = { text: 'j', meaning: { op: 'pair', name: 'j' } };

export function number(value: number): Condition {
  return { text: String(value), meaning: { op: 'number', value } };
}

export function binary(left: Condition, operator: BinaryOperator, right: Condition): Condition {
  return {
    text: `${inside(left)} ${operator} ${inside(right)}`,
    meaning: { op: 'binary', operator, left: left.meaning, right: right.meaning },
  };
}

export function apply(name: FunctionName, of: Condition): Condition {
  return { text: `${name}(${of.text})`, meaning: { op: 'call', name, args: [of.meaning] } };
}

export function choose(condition: Condition, then: Condition, otherwise: Condition): Condition {
  return {
    text: `${inside(condition)} ? ${inside(then)} : ${inside(otherwise)}`,
    meaning: { op: 'choose', condition: condition.meaning, then: then.meaning, otherwise: otherwise.meaning },
  };
}

/** `i % divisor operator value`. */
export function remainder(of: Condition, divisor: number, operator: '==' | '>=' | '<', value: number): Condition {
  const rest: NumberExpression = { op: 'binary', operator: '%', left: of.meaning, right: number(divisor).meaning };
  return {
    text: `${of.text} % ${divisor} ${operator} ${value}`,
    meaning: { op: 'binary', operator, left: rest, right: number(value).meaning },
  };
}

/** Parentheses around what is made of parts, so that no precedence has to be known. */
function inside({ text, meaning }: Condition): string {
  return meaning.op === 'binary' || meaning.op === 'choose' ? `(${text})` : text;
}
