import { EmptyFileSystem, inject } from 'langium';
import { createDefaultModule, createDefaultSharedModule } from 'langium/lsp';
import { describe, expect, it } from 'vitest';
import { withoutParts } from '../../runtime/draw/hidden-parts.ts';
import { partsOf } from '../../runtime/draw/parts.ts';
import { squareShape } from '../../runtime/pattern/shape.ts';
import { isFile } from '../../server/generated/ast.ts';
import { SparseGeneratedModule, SparseGeneratedSharedModule } from '../../server/generated/module.ts';
import { withoutOperands } from '../../server/without-operands.ts';
import { allows } from '../runtime/brute-force.ts';
import { pattern } from './open-file.ts';

const shared = inject(createDefaultSharedModule(EmptyFileSystem), SparseGeneratedSharedModule);
const language = inject(createDefaultModule({ shared }), SparseGeneratedModule);
const shape = squareShape(24);

/** The file after the primitives with these labels were removed from its last pattern. */
async function removed(text: string, ...labels: readonly string[]): Promise<string> {
  const file = language.parser.LangiumParser.parse(text).value;
  if (!isFile(file)) throw new Error('no file');
  const parts = partsOf(await pattern(text), shape);
  const spans = parts.flatMap(({ label, span }) => (span !== undefined && labels.includes(label) ? [span] : []));
  expect(spans.length).toBeGreaterThan(0);
  let result = text;
  for (const edit of [...withoutOperands(file, spans)].reverse())
    result = result.slice(0, edit.start) + edit.text + result.slice(edit.end);
  return result;
}

describe('withoutOperands', () => {
  it.each([
    ['pattern a = window(3) | strided(4)', ['window(3)'], 'pattern a = strided(4)'],
    ['pattern a = window(3) | strided(4) // c', ['strided(4)'], 'pattern a = window(3) // c'],
    ['pattern a = window(3) | full() | strided(4)', ['window(3)', 'full()'], 'pattern a = strided(4)'],
    [
      'pattern a =\n  window(3) |\n  (columns([0]) | strided(4)) & causal()',
      ['columns([0])'],
      'pattern a =\n  window(3) |\n  (strided(4)) & causal()',
    ],
    ['pattern a = window(3) | strided(4) & causal()', ['strided(4)'], 'pattern a = window(3)'],
    ['pattern a = window(3) - diagonal() | strided(4)', ['window(3)'], 'pattern a = strided(4)'],
    ['pattern a = blocked(4, window(3) | full())', ['blocked(4, full())'], 'pattern a = blocked(4, window(3))'],
    ['pattern a = window(3)', ['window(3)'], 'pattern a = none()'],
    [
      'pattern both(p: pattern, q: pattern) = p | q\npattern a = both(window(3), full())',
      ['window(3)'],
      'pattern both(p: pattern, q: pattern) = p | q\npattern a = both(none(), full())',
    ],
    [
      'pattern inner = window(3) | full()\npattern a = inner | strided(4)',
      ['full()'],
      'pattern inner = window(3)\npattern a = inner | strided(4)',
    ],
  ])('%s', async (text, labels, expected) => {
    const result = await removed(text, ...labels);
    expect(result).toBe(expected);
    // What is written means what the preview showed.
    const [written, shown] = [await pattern(result), withoutParts(await pattern(text), shape, labels)];
    for (let i = 0; i < 24; i++)
      for (let j = 0; j < 24; j++) expect(allows(written, shape, i, j)).toBe(allows(shown, shape, i, j));
  });
});
