import { describe, expect, test } from 'vitest';
import { adjustablesOf, adjustmentEdits } from '../../server/adjustable.ts';
import type { File } from '../../server/generated/ast.ts';
import { lowerNamed } from '../../server/language.ts';
import { libraryModules } from '../../server/library.ts';
import { declarationNamed } from '../../server/lower.ts';
import type { Adjustable, Adjustments } from '../../server/protocol.ts';
import { bare, parsed } from './open-file.ts';

function edited(text: string, file: File, name: string, adjustments: Adjustments): string {
  const edits = [...adjustmentEdits(declarationNamed(file, name), adjustments)].sort((a, b) => b.start - a.start);
  return edits.reduce((all, edit) => all.slice(0, edit.start) + edit.text + all.slice(edit.end), text);
}

const summary = ({ id, kind, value, min, integer, unit }: Adjustable) => [
  id,
  kind,
  typeof value === 'object' && value.op === 'number' ? value.value : value,
  ...[min, integer, unit],
];

describe('what can be tried out', () => {
  test('are the parameters of a pattern, the arguments in it, and constants, with what primitives say about them', async () => {
    const file = await parsed(`
      const block = 64
      pattern inner(w) = window(w)
      pattern p(size = 512, tokens = [0, 4..8], on = true, stride = ceil(sqrt(n)), q: pattern = full(), share = 0.5) =
        inner(size) | global(tokens) | (on ? strided(stride) : none()) | blocked(block, sliding(4) | columns([-1]))
        | topk(share * 8) | q`);
    expect(adjustablesOf(declarationNamed(file, 'p')).map(summary)).toEqual([
      ['size', 'number', 512, 0, true, 'keys'],
      ['tokens', 'list', '[0, 4..8]', null, false, null],
      ['on', 'bool', true, null, false, null],
      ['stride', 'number', expect.objectContaining({ op: 'call' }), 1, true, 'tokens'],
      ['share', 'number', 0.5, null, false, null],
      ['sliding.size#0', 'number', 4, 1, true, 'keys'],
      ['columns.tokens#0', 'list', '[-1]', null, false, null],
      ['const block', 'number', 64, 1, true, 'tokens'],
    ]);
  });

  test('are the arguments that a model writes, each call by itself', async () => {
    const file = await parsed(`
      pattern p(size = 512) = sliding(size)
      model M { tokens = 64 layers = 2 attention = p(8) | p(size: 16) attention layers [1] = p }`);
    expect(adjustablesOf(declarationNamed(file, 'M')).map(summary)).toEqual([
      ['p.size#0', 'number', 8, 1, true, 'keys'],
      ['p.size#1', 'number', 16, 1, true, 'keys'],
    ]);
  });

  test('are none with names in them, and none of a pattern that calls itself', async () => {
    const file = await parsed(
      'const a = 2\npattern p(x = 3) = p(x) | columns([0..a]) | window(2 * a) | q(x)\npattern q(y) = p(y)',
    );
    expect(adjustablesOf(declarationNamed(file, 'p')).map(summary)).toEqual([
      ['x', 'number', 3, null, true, null],
      ['const a', 'number', 2, null, true, null],
    ]);
  });
});

describe('other values', () => {
  test('mean what the text means with them written into it: every declaration of the library', async () => {
    let compared = 0;
    for (const { text } of libraryModules) {
      const file = await parsed(text);
      for (const declaration of file.declarations) {
        if (declaration.$type === 'Constant') continue;
        const { name } = declaration;
        const adjustments: Record<string, number | boolean | string> = {};
        for (const { id, kind, value } of adjustablesOf(declaration)) {
          if (kind === 'number' && typeof value === 'object')
            adjustments[id] = value.op === 'number' ? value.value * 2 : 7;
          else if (kind === 'bool') adjustments[id] = value !== true;
          else adjustments[id] = '[1, 3..n]';
        }
        if (Object.keys(adjustments).length === 0) continue;
        const attempt = (model: () => unknown): unknown => {
          try {
            return bare(model());
          } catch (error) {
            return String(error);
          }
        };
        const adjusted = attempt(() => lowerNamed(file, name, undefined, adjustments));
        const other = await parsed(edited(text, file, name, adjustments));
        expect(adjusted, name).toEqual(attempt(() => lowerNamed(other, name)));
        expect(adjusted).not.toEqual(attempt(() => lowerNamed(file, name)));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(60);
  });

  test('leave the places of the source as they are', async () => {
    const file = await parsed('pattern p(size = 512) = sliding(size) | columns([0])');
    const places = JSON.stringify(lowerNamed(file, 'p').rules[0]?.pattern).match(/"start":\d+,"end":\d+/g);
    const adjusted = lowerNamed(file, 'p', undefined, { size: 8, 'columns.tokens#0': '[1, 2]' });
    expect(JSON.stringify(adjusted.rules[0]?.pattern).match(/"start":\d+,"end":\d+/g)).toEqual(places);
  });

  test('that fit nowhere change nothing, and a list that is none says so', async () => {
    const text = 'pattern p(size = 512) = sliding(size) | columns([0])';
    const file = await parsed(text);
    const odd = { gone: 3, size: 'many', 'columns.tokens#0': 4, toString: 1 };
    expect(lowerNamed(file, 'p', undefined, odd)).toEqual(lowerNamed(file, 'p'));
    expect(edited(text, file, 'p', { size: 512 })).toBe(text);
    for (const list of ['[0', '[a]', '[0..2..4]', '0', '[[0]]', '[0.5]'])
      expect(() => lowerNamed(file, 'p', undefined, { 'columns.tokens#0': list })).toThrow(/no list of positions/);
    expect(edited(text, file, 'p', { size: -8, 'columns.tokens#0': '[]' })).toBe(
      'pattern p(size = -8) = sliding(size) | columns([])',
    );
  });
});
