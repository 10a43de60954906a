import type { Argument, NumberExpression, Pattern } from '../../runtime/pattern/ir.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';

/**
 * What a pattern means, one pair at a time, written straight from the language's definition and sharing no code with
 * the compiler. Slow and obvious. `random` is not covered: its draw has tests of its own.
 */
export function allows(pattern: Pattern, shape: Shape, i: number, j: number): boolean {
  switch (pattern.kind) {
    case 'union':
      return allows(pattern.left, shape, i, j) || allows(pattern.right, shape, i, j);
    case 'intersection':
      return allows(pattern.left, shape, i, j) && allows(pattern.right, shape, i, j);
    case 'difference':
      return allows(pattern.left, shape, i, j) && !allows(pattern.right, shape, i, j);
    case 'complement':
      return !allows(pattern.of, shape, i, j);
    case 'choose':
      return allows(value(pattern.condition, shape) !== 0 ? pattern.then : pattern.otherwise, shape, i, j);
    case 'where':
      return value(pattern.condition, shape, i, j) !== 0;
    case 'named':
      return allows(pattern.pattern, shape, i, j);
    case 'primitive':
      return primitive(pattern, shape, i, j);
  }
}

function primitive(call: Pattern & { kind: 'primitive' }, shape: Shape, i: number, j: number): boolean {
  const n = shape.tokens;
  const number = (name: string, otherwise?: number): number => {
    const argument = call.args[name];
    if (argument?.type === 'number' || argument?.type === 'bool') return value(argument.value, shape);
    if (otherwise === undefined) throw new Error(`${call.name} lacks ${name}`);
    return otherwise;
  };
  const python = (a: number, b: number): number => ((a % b) + b) % b;
  switch (call.name) {
    case 'full':
      return true;
    case 'none':
      return false;
    case 'diagonal':
      return i === j;
    case 'causal':
      return j <= i;
    case 'window': {
      const dilation = number('dilation', 1);
      let before: number;
      let after: number;
      if (call.args.before !== undefined) [before, after] = [number('before'), number('after')];
      else if (call.args.radius !== undefined) before = after = number('radius');
      else before = after = Math.floor(number('size') / 2);
      return -after * dilation <= i - j && i - j <= before * dilation && python(i - j, dilation) === 0;
    }
    case 'sliding':
      return 0 <= i - j && i - j < number('size');
    case 'exponential': {
      const distance = Math.abs(i - j);
      if (distance === 0) return true;
      const base = number('base', 2);
      for (let t = 0, p = 1; p <= distance; t++, p = base ** t)
        if (p === distance) return distance <= number('limit', n);
      return false;
    }
    case 'strided':
      return python(i - j, number('stride')) === number('offset', 0);
    case 'fixed':
      return j % number('stride') >= number('stride') - number('columns', 1);
    case 'global':
      return positions(call.args.tokens, shape).has(i) || positions(call.args.tokens, shape).has(j);
    case 'rows':
      return positions(call.args.tokens, shape).has(i);
    case 'columns':
      return positions(call.args.tokens, shape).has(j);
    case 'block':
      return Math.floor(i / number('size')) === Math.floor(j / number('size'));
    case 'blocked': {
      const size = number('size');
      const p = call.args.p;
      if (p?.type !== 'pattern') throw new Error('blocked lacks p');
      const grid = { ...shape, tokens: Math.ceil(n / size), outer: [...(shape.outer ?? []), n] };
      return allows(p.value, grid, Math.floor(i / size), Math.floor(j / size));
    }
    default:
      throw new Error(`no definition of ${call.name}`);
  }
}

function positions(argument: Argument | undefined, shape: Shape): Set<number> {
  if (argument?.type !== 'positions') throw new Error('no positions');
  const found = new Set<number>();
  const at = (expression: NumberExpression): number => {
    const position = value(expression, shape);
    return position < 0 ? position + shape.tokens : position;
  };
  for (const item of argument.items) {
    if ('at' in item) found.add(at(item.at));
    else for (let position = at(item.from); position < at(item.to); position++) found.add(position);
  }
  return found;
}

function value(expression: NumberExpression, shape: Shape, i = Number.NaN, j = Number.NaN): number {
  const of = (inner: NumberExpression): number => value(inner, shape, i, j);
  switch (expression.op) {
    case 'number':
      return expression.value;
    case 'shape':
      return expression.name === 'n'
        ? [...(shape.outer ?? []), shape.tokens][expression.grid]!
        : shape[expression.name];
    case 'pair':
      return expression.name === 'i' ? i : j;
    case 'named':
      return of(expression.value);
    case 'negate':
      return -of(expression.of);
    case 'not':
      return of(expression.of) === 0 ? 1 : 0;
    case 'choose':
      return of(expression.condition) !== 0 ? of(expression.then) : of(expression.otherwise);
    case 'call': {
      const args = expression.args.map(of);
      return expression.name === 'min' || expression.name === 'max'
        ? Math[expression.name](...args)
        : Math[expression.name](args[0]!);
    }
    case 'binary': {
      const a = of(expression.left);
      const b = of(expression.right);
      const results = {
        '+': a + b,
        '-': a - b,
        '*': a * b,
        '/': a / b,
        '%': a - b * Math.floor(a / b),
        '**': a ** b,
        '<': Number(a < b),
        '<=': Number(a <= b),
        '>': Number(a > b),
        '>=': Number(a >= b),
        '==': Number(a === b),
        '!=': Number(a !== b),
        '&&': Number(a !== 0 && b !== 0),
        '||': Number(a !== 0 || b !== 0),
      };
      return results[expression.operator];
    }
  }
}
