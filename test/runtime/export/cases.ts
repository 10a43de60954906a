import fc from 'fast-check';
import { type ExportRequest, formatOf } from '../../../runtime/export/formats.ts';
import { ExportFitError } from '../../../runtime/export/misfit.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { type Shape, squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows as defined } from '../brute-force.ts';
import type { Allows } from './consumers.ts';
import { type Written, written } from './written.ts';

const number = (value: number) => ({ type: 'number', value: { op: 'number', value } }) as const;
export const primitive = (name: string, args: Record<string, number> = {}): Pattern => ({
  kind: 'primitive',
  name,
  args: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, number(value)])),
});
export const and = (left: Pattern, right: Pattern): Pattern => ({ kind: 'intersection', left, right });
export const or = (left: Pattern, right: Pattern): Pattern => ({ kind: 'union', left, right });
export const not = (of: Pattern): Pattern => ({ kind: 'complement', of });
export const positions = (name: string, ...items: readonly number[]): Pattern => ({
  kind: 'primitive',
  name,
  args: { tokens: { type: 'positions', items: items.map(value => ({ at: { op: 'number', value } }) as const) } },
});
export const blocked = (size: number, p: Pattern): Pattern => ({
  kind: 'primitive',
  name: 'blocked',
  args: { size: number(size), p: { type: 'pattern', value: p } },
});

/** Ragged, prime, on and about the edges of tiles and blocks. */
const lengths = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.constantFrom(63, 64, 65, 96, 97, 127, 128, 129, 144, 160),
  fc.integer({ min: 41, max: 200 }),
);
const shapes = fc
  .record({ n: lengths, share: fc.constantFrom(1, 1, 1, 0.5, 0.01), end: fc.boolean() })
  .map(({ n, share, end }): Shape => {
    const queries = Math.max(1, Math.ceil(n * share));
    return { ...squareShape(n), queries, offset: end ? n - queries : 0 };
  });

/** Have a meaning on however few blocks. */
const ON_BLOCKS = [
  primitive('full'),
  primitive('diagonal'),
  primitive('causal'),
  primitive('sliding', { size: 2 }),
  primitive('strided', { stride: 2 }),
  primitive('random', { keys: 1 }),
];

/** Masks of every class that some format is for. */
const PLAIN: readonly Pattern[] = [
  primitive('causal'),
  primitive('full'),
  primitive('none'),
  primitive('sliding', { size: 9 }),
  primitive('window', { size: 12 }),
  not(primitive('window', { size: 12 })),
  and(primitive('block', { size: 20 }), primitive('causal')),
  or(primitive('sliding', { size: 9 }), positions('rows', -1)),
  or(primitive('prefix', { length: 11 }), primitive('causal')),
];

/** Masks of whole blocks, and those cut to the past, come up often enough only when they are asked for. */
const patterns = fc.oneof(
  { weight: 4, arbitrary: arbitraryPattern },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(16, 32, 64, 128), fc.constantFrom(...ON_BLOCKS), fc.boolean())
      .map(([size, p, causal]) => (causal ? and(blocked(size, p), primitive('causal')) : blocked(size, p))),
  },
  { weight: 1, arbitrary: fc.constantFrom(...PLAIN) },
);

export interface Case {
  readonly request: ExportRequest;
  readonly heads: number;
  readonly allows: Allows;
}

/** One mask, or one for each of several heads: all with the same keys and values, and the same mask, where `same`. */
export function caseOf(chosen: readonly Pattern[], at: Shape, all: boolean, same: boolean): Case {
  const own = all && same ? chosen.map(() => chosen[0]!) : chosen;
  const heads = own.map((pattern, head) => ({ pattern, shape: { ...at, head, heads: own.length } }));
  const { pattern, shape } = heads[0]!;
  const masks = (all ? heads : heads.slice(0, 1)).map(({ pattern: p, shape: s }) => {
    const mask = new Uint8Array(s.queries * s.tokens);
    for (let row = 0; row < s.queries; row++)
      for (let key = 0; key < s.tokens; key++) mask[row * s.tokens + key] = defined(p, s, s.offset + row, key) ? 1 : 0;
    return mask;
  });
  return {
    request: {
      name: 'mine',
      source: 'pattern mine = ...',
      pattern,
      shape,
      ...(all && { heads, kvHeads: same ? 1 : heads.length }),
    },
    heads: masks.length,
    allows: (head, i, j) => masks[head]![i * at.tokens + j] === 1,
  };
}

const arbitraryCase = fc
  .tuple(fc.array(patterns, { minLength: 1, maxLength: 3 }), shapes, fc.boolean(), fc.boolean())
  .map(args => caseOf(...args));

export const seed = Math.floor(Math.random() * 2 ** 31);

let made: readonly Case[] | undefined;

/** 200 random ones, and enough of each class; the same ones all along. */
export function cases(): readonly Case[] {
  made ??= [
    ...[1, 37, 128, 144].flatMap(n =>
      [...PLAIN, ...[16, 32, 64, 128].map(size => blocked(size, primitive('diagonal')))].map(pattern =>
        caseOf([pattern], squareShape(n), false, false),
      ),
    ),
    caseOf(PLAIN.slice(0, 3), squareShape(97), true, false),
    ...fc.sample(arbitraryCase, { numRuns: 200, seed }),
  ];
  return made;
}

export function write(id: string, request: ExportRequest): Written {
  return written(formatOf(id)!.write(request));
}

export function refusal(id: string, request: ExportRequest): ExportFitError | undefined {
  try {
    write(id, request);
    return undefined;
  } catch (error) {
    if (error instanceof ExportFitError) return error;
    throw error;
  }
}

/** Every pair of every head; names the first that differs. */
export function expectSame(
  found: Allows,
  { request: { shape }, heads, allows }: Case,
  kept = (head: number) => head,
): void {
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < shape.queries; i++)
      for (let j = 0; j < shape.tokens; j++)
        if (found(kept(head), i, j) !== allows(head, i, j))
          throw new Error(`head ${head}: (${i}, ${j}) should be ${allows(head, i, j)}`);
}

export function every({ request: { shape }, heads }: Case, holds: Allows): boolean {
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < shape.queries; i++) for (let j = 0; j < shape.tokens; j++) if (!holds(head, i, j)) return false;
  return true;
}

/** Is every block of each mask, as far as it lies in the domain, all or nothing? */
export function isWhole(one: Case, size: number, domain: (i: number, j: number) => boolean, keys = size): boolean {
  const { heads, allows } = one;
  const { queries, tokens } = one.request.shape;
  const first = new Map<string, boolean>();
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < queries; i++)
      for (let j = 0; j < tokens; j++) {
        if (!domain(i, j)) {
          if (allows(head, i, j)) return false;
          continue;
        }
        const block = `${head},${Math.floor(i / size)},${Math.floor(j / keys)}`;
        const known = first.get(block);
        if (known !== undefined && known !== allows(head, i, j)) return false;
        first.set(block, allows(head, i, j));
      }
  return true;
}

/** Looks at every case; says which one, and the seed, when something is wrong. */
export const check = (of: (one: Case) => void): void => {
  for (const one of cases())
    try {
      of(one);
    } catch (error) {
      throw new Error(`seed ${seed}, ${JSON.stringify(one.request)}`, { cause: error });
    }
};
/** The first mask of a case alone. */
export const single = (one: Case): Case => {
  const { heads: _, kvHeads: __, ...request } = one.request;
  return { ...one, request, heads: 1 };
};
