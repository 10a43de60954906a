import { describe, expect, it } from 'vitest';
import { complexity } from '../../../runtime/analyse/complexity.ts';
import type { Argument, BinaryOperator, FunctionName, NumberExpression, Pattern } from '../../../runtime/pattern/ir.ts';
import { patternAt } from '../../../runtime/pattern/model.ts';
import { primitives } from '../../../runtime/pattern/primitives.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const literal = (value: number): NumberExpression => ({ op: 'number', value });
const n: NumberExpression = { op: 'shape', name: 'n', grid: 0 };
/** A parameter or constant of the file. */
const named = (name: string, value: NumberExpression = literal(7)): NumberExpression => ({ op: 'named', name, value });
const binary = (operator: BinaryOperator, left: NumberExpression, right: NumberExpression): NumberExpression => ({
  op: 'binary',
  operator,
  left,
  right,
});
const apply = (name: FunctionName, ...args: NumberExpression[]): NumberExpression => ({ op: 'call', name, args });
const call = (name: string, args: Record<string, NumberExpression> = {}): Pattern => ({
  kind: 'primitive',
  name,
  args: Object.fromEntries(
    Object.entries(args).map(([key, value]): [string, Argument] => [key, { type: 'number', value }]),
  ),
});
const positions = (name: string, through?: string): Pattern => ({
  kind: 'primitive',
  name,
  args: {
    tokens: { type: 'positions', items: [{ at: literal(0) }], ...(through === undefined ? {} : { name: through }) },
  },
});
const or = (left: Pattern, right: Pattern): Pattern => ({ kind: 'union', left, right });
const and = (left: Pattern, right: Pattern): Pattern => ({ kind: 'intersection', left, right });
const but = (left: Pattern, right: Pattern): Pattern => ({ kind: 'difference', left, right });
const not = (of: Pattern): Pattern => ({ kind: 'complement', of });
const wrapped = (pattern: Pattern): Pattern => ({ kind: 'named', name: 'mine', pattern });
const blocked = (size: NumberExpression, p: Pattern): Pattern => ({
  kind: 'primitive',
  name: 'blocked',
  args: { size: { type: 'number', value: size }, p: { type: 'pattern', value: p } },
});

const sqrtOfLength = apply('ceil', apply('sqrt', n));
const where: Pattern = { kind: 'where', condition: literal(1), text: 'true' };

const expected: readonly [string, Pattern, string][] = [
  ['full()', call('full'), 'O(n^2)'],
  ['none()', call('none'), 'O(0)'],
  ['diagonal()', call('diagonal'), 'O(n)'],
  ['causal()', call('causal'), 'O(n^2)'],
  // A number written in place goes by its parameter's name, one of the file by its own.
  ['window(512)', call('window', { size: literal(512) }), 'O(n * size)'],
  ['window(w)', call('window', { size: named('w') }), 'O(n * w)'],
  ['window(radius: r)', call('window', { radius: named('r') }), 'O(n * r)'],
  ['window(before: a, after: 0)', call('window', { before: named('a'), after: literal(0) }), 'O(n * a)'],
  ['window(before: a, after: b)', call('window', { before: named('a'), after: named('b') }), 'O(n * (a + b))'],
  ['sliding(w)', call('sliding', { size: named('w') }), 'O(n * w)'],
  ['sliding(w / 2)', call('sliding', { size: binary('/', named('w'), literal(2)) }), 'O(n * w)'],
  ['sliding(n / 4)', call('sliding', { size: binary('/', n, literal(4)) }), 'O(n^2)'],
  ['sliding(ceil(sqrt(n)))', call('sliding', { size: sqrtOfLength }), 'O(n * sqrt(n))'],
  ['sliding(log2(n))', call('sliding', { size: apply('floor', apply('log2', n)) }), 'O(n * log n)'],
  // A constant that is itself made of n shows n, not its name.
  ['sliding(half) with half = n / 2', call('sliding', { size: named('half', binary('/', n, literal(2))) }), 'O(n^2)'],
  ['strided(128)', call('strided', { stride: literal(128) }), 'O(n^2 / stride)'],
  ['strided(s)', call('strided', { stride: named('s') }), 'O(n^2 / s)'],
  ['strided(ceil(sqrt(n)))', call('strided', { stride: sqrtOfLength }), 'O(n * sqrt(n))'],
  ['fixed(s, columns: c)', call('fixed', { stride: named('s'), columns: named('c') }), 'O(n^2 * c / s)'],
  ['block(b)', call('block', { size: named('b') }), 'O(n * b)'],
  ['random(3)', call('random', { keys: literal(3) }), 'O(n * keys)'],
  ['exponential()', call('exponential'), 'O(n * log n)'],
  ['global([0])', positions('global'), 'O(n * tokens)'],
  ['global(sinks)', positions('global', 'sinks'), 'O(n * sinks)'],
  ['rows([0])', positions('rows'), 'O(n * tokens)'],
  ['columns([0])', positions('columns'), 'O(n * tokens)'],
  ['where', where, 'O(n^2)'],
  ['!window(w)', not(call('window', { size: named('w') })), 'O(n^2)'],
  // The contract's own example.
  [
    'longformer',
    wrapped(or(call('window', { size: named('size') }), positions('global', 'tokens'))),
    'O(n * (size + tokens))',
  ],
  ['window(w) | window(w)', or(call('window', { size: named('w') }), call('window', { size: named('w') })), 'O(n * w)'],
  ['full() | diagonal()', or(call('full'), call('diagonal')), 'O(n^2)'],
  ['strided(s) & causal()', and(call('strided', { stride: named('s') }), call('causal')), 'O(n^2 / s)'],
  ['causal() & strided(s)', and(call('causal'), call('strided', { stride: named('s') })), 'O(n^2 / s)'],
  ['causal() & window(w)', and(call('causal'), call('window', { size: named('w') })), 'O(n * w)'],
  ['none() & full()', and(call('none'), call('full')), 'O(0)'],
  ['window(w) - causal()', but(call('window', { size: named('w') }), call('causal')), 'O(n * w)'],
  ['where & sliding(w)', and(where, call('sliding', { size: named('w') })), 'O(n * w)'],
  // Blocks: b^2 pairs each.
  ['blocked(b, window(w))', blocked(named('b'), call('window', { size: named('w') })), 'O(n * w * b)'],
  ['blocked(b, full())', blocked(named('b'), call('full')), 'O(n^2)'],
  ['blocked(b, diagonal())', blocked(named('b'), call('diagonal')), 'O(n * b)'],
];

describe('complexity', () => {
  for (const [text, pattern, result] of expected)
    it(`of ${text} is ${result}`, () => {
      expect(complexity(pattern)).toBe(result);
    });

  it('is known for every primitive', () => {
    for (const name of primitives.keys()) {
      const size = call(name, { size: named('a'), keys: named('a'), stride: named('a') });
      expect(complexity(size), name).toMatch(/^O\(.+\)$/);
      expect(complexity(size), name).not.toMatch(/undefined|NaN|\[object/);
    }
  });

  it('of a choice covers both arms', () => {
    const choice: Pattern = {
      kind: 'choose',
      condition: binary('<', { op: 'shape', name: 'head', grid: 0 }, literal(2)),
      then: call('sliding', { size: named('near') }),
      otherwise: call('sliding', { size: named('far') }),
    };
    expect(complexity(choice)).toBe('O(n * (near + far))');
  });

  it('of one layer counts what is chosen there, unless the length decides', async () => {
    const lower = async (expression: string) =>
      patternAt(await createLanguage(NO_FILES).lowerExpression(expression), 0, 0)!;
    const at = (layer: number) => squareShape(4096, { layer, layers: 12 });
    const turns = await lower('layer % 6 == 5 ? causal() : sliding(1024)');
    expect([4, 5].map(layer => complexity(turns, at(layer)))).toEqual(['O(n * size)', 'O(n^2)']);
    const long = await lower('n > 100 && layer == 0 ? sliding(8) : causal()');
    expect(complexity(long, at(0))).toBe('O(n^2)');
    const inside = await lower('blocked(8, layer == 0 ? window(2) : full())');
    expect(complexity(inside, at(0))).not.toBe(complexity(inside, at(1)));
    const broken = await lower('layer / (head - head) == 1 ? sliding(8) : causal()');
    expect(complexity(broken, at(0))).toBe('O(n^2)');
  });
});
