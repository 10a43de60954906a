import fc from 'fast-check';
import type { Argument, NumberExpression, Pattern } from '../../runtime/pattern/ir.ts';

const literal = (value: number): NumberExpression => ({ op: 'number', value });
const number = (value: number): Argument => ({ type: 'number', value: literal(value) });
const primitive = (name: string, args: Record<string, Argument> = {}): Pattern => ({ kind: 'primitive', name, args });
const i: NumberExpression = { op: 'pair', name: 'i' };
const j: NumberExpression = { op: 'pair', name: 'j' };
const binary = (
  operator: Extract<NumberExpression, { op: 'binary' }>['operator'],
  left: NumberExpression,
  right: NumberExpression,
): NumberExpression => ({ op: 'binary', operator, left, right });

const size = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 90 }));

/** Position lists that exist at every length of at least one token. */
const positionList = fc
  .array(
    fc.oneof(
      fc.constantFrom(0, -1).map(at => ({ at: literal(at) })),
      fc.constant({
        at: {
          op: 'call',
          name: 'floor',
          args: [binary('/', { op: 'shape', name: 'n', grid: 0 }, literal(3))],
        } as NumberExpression,
      }),
      fc.constant({
        from: literal(0),
        to: {
          op: 'call',
          name: 'ceil',
          args: [binary('/', { op: 'shape', name: 'n', grid: 0 }, literal(5))],
        } as NumberExpression,
      }),
    ),
    { maxLength: 3 },
  )
  .map((items): Argument => ({ type: 'positions', items }));

/** The same on the grid of blocks: only constants, because `n` of the sequence is not the grid's. */
const gridPositions = fc
  .array(fc.constantFrom(0, -1), { maxLength: 2 })
  .map((items): Argument => ({ type: 'positions', items: items.map(at => ({ at: literal(at) })) }));

const simple = (list: fc.Arbitrary<Argument>): fc.Arbitrary<Pattern> =>
  fc.oneof(
    fc.constantFrom(primitive('full'), primitive('none'), primitive('diagonal'), primitive('causal')),
    fc
      .tuple(size, fc.integer({ min: 1, max: 5 }))
      .map(([s, d]) => primitive('window', { size: number(s), dilation: number(d) })),
    fc
      .tuple(size, size, fc.integer({ min: 1, max: 5 }))
      .map(([a, b, d]) => primitive('window', { before: number(a), after: number(b), dilation: number(d) })),
    fc.tuple(size).map(([r]) => primitive('window', { radius: number(r) })),
    size.map(s => primitive('sliding', { size: number(s) })),
    size.chain(s =>
      fc.integer({ min: 0, max: s - 1 }).map(o => primitive('strided', { stride: number(s), offset: number(o) })),
    ),
    size.chain(s =>
      fc.integer({ min: 1, max: s }).map(c => primitive('fixed', { stride: number(s), columns: number(c) })),
    ),
    size.map(s => primitive('block', { size: number(s) })),
    fc
      .tuple(fc.constantFrom(2, 3, 1.5, 10), fc.integer({ min: 0, max: 200 }))
      .map(([base, limit]) => primitive('exponential', { base: number(base), limit: number(limit) })),
    fc
      .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 3 }))
      .map(([keys, seed]) => primitive('random', { keys: number(keys), seed: number(seed) })),
    fc.tuple(fc.constantFrom('global', 'rows', 'columns'), list).map(([name, tokens]) => primitive(name, { tokens })),
  );

const pairNumber: fc.Arbitrary<NumberExpression> = fc.letrec<{ e: NumberExpression }>(tie => ({
  e: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<NumberExpression>(i, j, binary('-', i, j), { op: 'shape', name: 'n', grid: 0 }),
    fc.integer({ min: -9, max: 70 }).map(literal),
    fc.constantFrom(0.1, -0.3, 5.1, 2.5, 1e17, 1e300).map(literal),
    fc.tuple(fc.constantFrom('+', '-', '*' as const), tie('e'), tie('e')).map(([op, a, b]) => binary(op, a, b)),
    fc.tuple(tie('e'), fc.integer({ min: 1, max: 40 })).map(([a, m]) => binary('%', a, literal(m))),
    fc
      .tuple(tie('e'), fc.constantFrom(1, 2, 3, 7, 16, 0.5))
      .map(([a, m]): NumberExpression => ({ op: 'call', name: 'floor', args: [binary('/', a, literal(m))] })),
    fc
      .tuple(fc.constantFrom('sqrt', 'log2', 'ceil', 'floor' as const), tie('e'))
      .map(([name, a]): NumberExpression => ({ op: 'call', name, args: [a] })),
    fc.tuple(tie('e'), tie('e')).map(([a, b]) => binary('/', a, b)),
    fc.tuple(tie('e'), tie('e')).map(([a, b]) => binary('%', a, b)),
    fc.tuple(tie('e'), fc.constantFrom(2, 0.5, -1)).map(([a, b]) => binary('**', a, literal(b))),
    fc.tuple(tie('e'), tie('e')).map(([a, b]): NumberExpression => ({ op: 'call', name: 'max', args: [a, b] })),
    tie('e').map((a): NumberExpression => ({ op: 'call', name: 'abs', args: [a] })),
    fc.tuple(tie('e'), tie('e')).map(([a, b]): NumberExpression => ({ op: 'call', name: 'min', args: [a, b] })),
    fc.tuple(tie('e'), fc.constantFrom(0.5, 0.1, 1.25)).map(([a, m]) => binary('*', a, literal(m))),
    tie('e').map((a): NumberExpression => ({ op: 'negate', of: a })),
  ),
})).e;

/** Conditions over the pair, affine and not. */
export const arbitraryCondition: fc.Arbitrary<NumberExpression> = fc.letrec<{ c: NumberExpression }>(tie => ({
  c: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .tuple(fc.constantFrom('<', '<=', '>', '>=', '==', '!=' as const), pairNumber, pairNumber)
      .map(([op, a, b]) => binary(op, a, b)),
    fc.tuple(fc.constantFrom('&&', '||' as const), tie('c'), tie('c')).map(([op, a, b]) => binary(op, a, b)),
    tie('c').map((c): NumberExpression => ({ op: 'not', of: c })),
    fc
      .tuple(tie('c'), tie('c'), tie('c'))
      .map(([condition, then, otherwise]): NumberExpression => ({ op: 'choose', condition, then, otherwise })),
  ),
})).c;

/** Patterns over blocks, `blocked` itself among them. */
const onGrid: fc.Arbitrary<Pattern> = fc.letrec<{ p: Pattern }>(tie => ({
  p: fc.oneof(
    { depthSize: 'xsmall', withCrossShrink: true },
    simple(gridPositions),
    arbitraryCondition.map((condition): Pattern => ({ kind: 'where', condition, text: '' })),
    fc.tuple(tie('p'), tie('p')).map(([left, right]): Pattern => ({ kind: 'union', left, right })),
    tie('p').map((of): Pattern => ({ kind: 'complement', of })),
    fc
      .tuple(fc.integer({ min: 1, max: 5 }), tie('p'))
      .map(([s, p]) => primitive('blocked', { size: number(s), p: { type: 'pattern', value: p } })),
  ),
})).p;

/** Static patterns of every kind that is valid at every length. */
export const arbitraryPattern: fc.Arbitrary<Pattern> = fc.letrec<{ p: Pattern }>(tie => ({
  p: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    simple(positionList),
    arbitraryCondition.map((condition): Pattern => ({ kind: 'where', condition, text: '' })),
    fc
      .tuple(fc.integer({ min: 1, max: 40 }), onGrid)
      .map(([s, p]) => primitive('blocked', { size: number(s), p: { type: 'pattern', value: p } })),
    fc
      .tuple(fc.constantFrom('union', 'intersection', 'difference' as const), tie('p'), tie('p'))
      .map(([kind, left, right]): Pattern => ({ kind, left, right })),
    tie('p').map((of): Pattern => ({ kind: 'complement', of })),
    fc.tuple(tie('p'), tie('p')).map(
      ([then, otherwise]): Pattern => ({
        kind: 'choose',
        condition: binary('<', { op: 'shape', name: 'n', grid: 0 }, literal(100)),
        then,
        otherwise,
      }),
    ),
    tie('p').map((pattern): Pattern => ({ kind: 'named', name: 'p', pattern })),
  ),
})).p;
