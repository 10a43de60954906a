/** What a Python expression of whole numbers means; names are looked up when it is evaluated. */
export type Expression = (names: Readonly<Record<string, number>>) => number;

/** Python's order: `|` and `&` bind tighter than comparisons. */
const LEVELS: readonly (readonly string[])[] = [['==', '<=', '>=', '<'], ['|'], ['&'], ['+', '-'], ['%', '//']];

const APPLY: Readonly<Record<string, (a: number, b: number) => number>> = {
  '==': (a, b) => Number(a === b),
  '<=': (a, b) => Number(a <= b),
  '>=': (a, b) => Number(a >= b),
  '<': (a, b) => Number(a < b),
  '|': (a, b) => a | b,
  '&': (a, b) => a & b,
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '%': (a, b) => a - b * Math.floor(a / b),
  '//': (a, b) => Math.floor(a / b),
};

/** Reads an expression of numbers, names, parentheses and the operators above. Throws for anything else. */
export function pythonExpression(text: string): Expression {
  const tokens = text.match(/\d+|\w+|==|<=|>=|\/\/|[-+%&|<()]|\S/g) ?? [];
  let at = 0;
  const level = (depth: number): Expression => {
    const operators = LEVELS[depth];
    if (operators === undefined) return operand();
    let left = level(depth + 1);
    for (let compared = false; operators.includes(tokens[at] ?? ''); compared = true) {
      if (depth === 0 && compared) throw new Error(`a chain of comparisons: ${text}`);
      const [apply, first, second] = [APPLY[tokens[at++]!]!, left, level(depth + 1)];
      left = names => apply(first(names), second(names));
    }
    return left;
  };
  const operand = (): Expression => {
    const token = tokens[at++];
    if (token === '(') {
      const inside = level(0);
      if (tokens[at++] !== ')') throw new Error(`a parenthesis is missing: ${text}`);
      return inside;
    }
    if (token === undefined || !/^\w+$/.test(token)) throw new Error(`${token} is not expected in ${text}`);
    if (/^\d+$/.test(token)) return () => Number(token);
    return names => {
      const value = names[token];
      if (value === undefined) throw new Error(`${token} has no value`);
      return value;
    };
  };
  const whole = level(0);
  if (at !== tokens.length) throw new Error(`${tokens[at]} is not expected in ${text}`);
  return whole;
}
