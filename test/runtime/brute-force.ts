import { inflateRawSync } from 'node:zlib';
import type { Argument, MaskData, NumberExpression, Pattern } from '../../runtime/pattern/ir.ts';
import { drawKeys } from '../../runtime/pattern/random-mask.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';

/**
 * What a pattern means, one pair at a time, written straight from the language's definition and sharing no code with
 * the compiler. Slow and obvious. Only the keys that `random` draws are taken from the runtime: the draw has tests of its own.
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
      return holds(value(pattern.condition, shape, i, j));
    case 'named':
      return allows(pattern.pattern, shape, i, j);
    case 'primitive':
      return primitive(pattern, shape, i, j);
  }
}

/** What does not depend on the pair is found out once for all pairs of a shape. */
function once<Key extends object, Found>(find: (of: Key, shape: Shape) => Found): (of: Key, shape: Shape) => Found {
  const known = new WeakMap<Key, WeakMap<Shape, { readonly found: Found }>>();
  return (of, shape) => {
    let byShape = known.get(of);
    if (byShape === undefined) {
      byShape = new WeakMap();
      known.set(of, byShape);
    }
    let kept = byShape.get(shape);
    if (kept === undefined) {
      kept = { found: find(of, shape) };
      byShape.set(shape, kept);
    }
    return kept.found;
  };
}

/** Draws that were asked last, by row: every pair of a row asks for the same. */
const draws = new Map<string, ReadonlySet<number>>();

function drawn(keys: number, tokens: number, row: number, seed: number): ReadonlySet<number> {
  const name = `${keys},${tokens},${row},${seed}`;
  let set = draws.get(name);
  if (set === undefined) {
    if (draws.size > 1000) draws.clear();
    set = new Set(drawKeys(Math.min(keys, tokens), tokens, row, { seed, layer: 0, head: 0 }));
    draws.set(name, set);
  }
  return set;
}

function primitive(call: Pattern & { kind: 'primitive' }, shape: Shape, i: number, j: number): boolean {
  const n = shape.tokens;
  const number = (name: string, otherwise?: number): number => {
    const argument = call.args[name];
    if (argument?.type === 'number' || argument?.type === 'bool') return value(argument.value, shape);
    if (otherwise === undefined) throw new Error(`${call.name} lacks ${name}`);
    return otherwise;
  };
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
    case 'random':
      return drawn(number('keys'), n, i, number('seed', 0)).has(j);
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
      return allows(p.value, blocksOf(call, shape), Math.floor(i / size), Math.floor(j / size));
    }
    case 'prefix':
      return j < number('length');
    case 'mask': {
      const path = call.args.path;
      if (path?.type !== 'mask') throw new Error('mask lacks its path');
      return storedBit(path.value, path.value.heads === null ? 0 : shape.head, i, j);
    }
    case 'diagonals':
      return values(call.args.offsets, shape).includes(i - j);
    case 'documents': {
      const argument = call.args.lengths;
      const lengths = values(argument, shape);
      if (argument?.type === 'values' && argument.single)
        return Math.floor(i / lengths[0]!) === Math.floor(j / lengths[0]!);
      const documentOf = (position: number): number => {
        let end = 0;
        return lengths.findIndex(length => {
          end += length;
          return position < end;
        });
      };
      return documentOf(i) === documentOf(j);
    }
    case 'transpose':
    case 'symmetric': {
      const p = call.args.p;
      if (p?.type !== 'pattern') throw new Error(`${call.name} lacks p`);
      return (call.name === 'symmetric' && allows(p.value, shape, i, j)) || allows(p.value, shape, j, i);
    }
    case 'axial': {
      const sizes = values(call.args.shape, shape);
      const [x, y] = [coordinates(i, sizes), coordinates(j, sizes)];
      const differing = sizes.flatMap((_, axis) => (x[axis] === y[axis] ? [] : [axis]));
      return call.args.axis === undefined ? differing.length <= 1 : differing.every(axis => axis === number('axis'));
    }
    case 'tiles': {
      const sizes = values(call.args.shape, shape);
      const [x, y] = [coordinates(i, sizes), coordinates(j, sizes)];
      const [tile, shift] = [perAxis(call.args.tile, sizes, shape, 1), perAxis(call.args.shift, sizes, shape, 0)];
      return sizes.every(
        (_, axis) =>
          Math.floor((x[axis]! - shift[axis]!) / tile[axis]!) === Math.floor((y[axis]! - shift[axis]!) / tile[axis]!),
      );
    }
    case 'neighborhood': {
      const sizes = values(call.args.shape, shape);
      const [x, y] = [coordinates(i, sizes), coordinates(j, sizes)];
      const kernel = perAxis(call.args.kernel, sizes, shape, 1);
      const dilation = perAxis(call.args.dilation, sizes, shape, 1);
      const stride = perAxis(call.args.stride, sizes, shape, 1);
      const isCausal = perAxis(call.args.causal, sizes, shape, 0);
      return sizes.every((extent, axis) =>
        neighbour(x[axis]!, y[axis]!, extent, kernel[axis]!, dilation[axis]!, stride[axis]!, isCausal[axis] !== 0),
      );
    }
    default:
      throw new Error(`no definition of ${call.name}`);
  }
}

/** Inflated bytes, so that one mask is inflated once. */
const inflated = new WeakMap<MaskData, Buffer>();

function storedBit(data: MaskData, head: number, i: number, j: number): boolean {
  const bytes = inflated.get(data) ?? inflateRawSync(Buffer.from(data.bits, 'base64'));
  inflated.set(data, bytes);
  const bytesPerRow = 4 * Math.ceil(data.tokens / 32);
  return ((bytes[(head * data.tokens + i) * bytesPerRow + Math.floor(j / 8)]! >> (j % 8)) & 1) === 1;
}

/** NATTEN's rule along one axis, in the coordinates of one residue class of the dilation. */
function neighbour(
  x: number,
  y: number,
  extent: number,
  kernel: number,
  dilation: number,
  stride: number,
  isCausal: boolean,
): boolean {
  if (x % dilation !== y % dilation) return false;
  const [u, v] = [Math.floor(x / dilation), Math.floor(y / dilation)];
  let length = 0;
  for (let position = x % dilation; position < extent; position += dilation) length++;
  if (isCausal) return v <= u && Math.min(Math.floor(u / stride) * stride + stride - 1, length - 1) - v < kernel;
  const left = Math.floor(kernel / 2);
  const right = left + (kernel % 2) - 1;
  const leader = Math.min(Math.floor(u / stride) * stride + Math.floor(stride / 2), length - 1);
  const centre = Math.max(left, Math.min(leader, length - 1 - right));
  return centre - left <= v && v <= centre + right;
}

function coordinates(position: number, sizes: readonly number[]): number[] {
  const found: number[] = [];
  let rest = position;
  for (const extent of [...sizes].reverse()) {
    found.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return found;
}

function values(argument: Argument | undefined, shape: Shape): readonly number[] {
  if (argument?.type !== 'values') throw new Error('no values');
  return valuesIn(argument, shape);
}

const valuesIn = once((argument: Argument & { type: 'values' }, shape: Shape): readonly number[] =>
  argument.items.map(item => {
    if (!('at' in item)) throw new Error('ranges are not covered');
    return value(item.at, shape);
  }),
);

/** The shape that the inner pattern of `blocked` has: its blocks. */
const blocksOf = once((call: Pattern & { kind: 'primitive' }, shape: Shape): Shape => {
  const size = call.args.size;
  if (size?.type !== 'number') throw new Error('blocked lacks size');
  const tokens = Math.ceil(shape.tokens / value(size.value, shape));
  return { ...shape, tokens, outer: [...(shape.outer ?? []), shape.tokens] };
});

function perAxis(
  argument: Argument | undefined,
  sizes: readonly number[],
  shape: Shape,
  otherwise: number,
): readonly number[] {
  if (argument === undefined) return sizes.map(() => otherwise);
  const given = values(argument, shape);
  return argument.type === 'values' && argument.single ? sizes.map(() => given[0]!) : given;
}

function positions(argument: Argument | undefined, shape: Shape): ReadonlySet<number> {
  if (argument?.type !== 'positions') throw new Error('no positions');
  return positionsIn(argument, shape);
}

const positionsIn = once((argument: Argument & { type: 'positions' }, shape: Shape): ReadonlySet<number> => {
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
});

/** Remainder with the sign of the divisor, exact where JavaScript's own is. */
function python(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** Nothing that has no value holds. */
function holds(truth: number): boolean {
  return truth !== 0 && !Number.isNaN(truth);
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
      return holds(of(expression.of)) ? 0 : 1;
    case 'choose':
      return holds(of(expression.condition)) ? of(expression.then) : of(expression.otherwise);
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
        '/': b === 0 ? Number.NaN : a / b,
        '%': python(a, b),
        '**': a === 0 && b < 0 ? Number.NaN : a ** b,
        '<': Number(a < b),
        '<=': Number(a <= b),
        '>': Number(a > b),
        '>=': Number(a >= b),
        '==': Number(a === b),
        '!=': Number(a !== b),
        '&&': Number(holds(a) && holds(b)),
        '||': Number(holds(a) || holds(b)),
      };
      return results[expression.operator];
    }
  }
}
