import fc from 'fast-check';

/** What somebody types, pastes or takes away, at a share of the text. */
export interface Edit {
  readonly at: number;
  readonly removed: number;
  readonly inserted: string;
}

const declarations = [
  'pattern a = window(8) | global([0, -1])',
  '/** Documentation. */\npattern b(size = 16, p: pattern = causal()) =\n  sliding(size) // near\n    | p & strided(c)',
  'const c = 4 * 2',
  'model M {\n  tokens = 64 /* short */\n  layers = 4\n  heads = 2\n  attention = a\n  attention layers 0..2, heads [1] = b(8)\n}',
  'pattern w = where (i, j) => i >= j && (i - j) % c == 0',
  'import { x, y } from "./other.sparse"',
  'pattern d = x | a',
  'pattern e = head < 1 ? a : d',
];

const pieces = [
  ...declarations,
  ...'import const pattern model attention where true layers heads step from n head a b c x M window causal'.split(' '),
  ...'( ) [ ] { } , : = == => + - * / ** & | ! ? .. " "s" /* */ // \n'.split(' '),
  ...'0 1 4Ki 0.5 @ é'.split(' '),
  ' ',
  '\n',
  '\n\n',
  '',
];

/** A file of some declarations, in any order and more than once. */
export const arbitraryFile = fc
  .array(fc.constantFrom(...declarations), { maxLength: 10 })
  .chain(chosen => fc.constantFrom('\n', '\n\n', ' ').map(between => chosen.join(between)));

const arbitraryEdit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(3), fc.nat(80)),
  inserted: fc.constantFrom(...pieces),
});

export const arbitraryEdits = fc.array(arbitraryEdit, { minLength: 1, maxLength: 8 });

export function applied(text: string, { at, removed, inserted }: Edit): string {
  const start = Math.round(at * text.length);
  return text.slice(0, start) + inserted + text.slice(start + removed);
}
