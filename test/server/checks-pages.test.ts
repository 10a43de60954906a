import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeNpz } from '../../runtime/tensor/npz.ts';
import { CODES, type DiagnosticCode } from '../../server/check/codes.ts';
import { openFile } from './open-file.ts';

const root = join(import.meta.dirname, '../..');
const pages = join(root, 'docs/diagnostics');
const codes = Object.keys(CODES) as DiagnosticCode[];

/** Codes that no text brings about: one is for our own mistakes, the other for shapes that a file cannot ask for. */
const WITHOUT_EXAMPLE: ReadonlySet<string> = new Set(['internal', 'shape']);

/** What the examples import and name. */
const files = {
  'library.sparse': 'pattern longformer = window(512) | global([0])',
  // A mask of 64 tokens: all of them attend to all.
  'mask.npz': writeNpz({ mask: { dtype: 'bool', shape: [64, 64], data: new Uint8Array(64 * 64).fill(1) } }),
};

function page(code: string): { readonly text: string; readonly examples: readonly string[] } {
  const text = readFileSync(join(pages, `${code}.md`), 'utf8');
  return { text, examples: [...text.matchAll(/```sparse\n([\s\S]*?)```/g)].map(match => match[1] ?? '') };
}

/** Every TypeScript file below a folder. */
function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.includes('generated'))
    .map(name => readFileSync(join(root, folder, name), 'utf8'));
}

describe('pages', () => {
  test.each(codes)('%s', async code => {
    const { text, examples } = page(code);
    const [heading, , summary = ''] = text.split('\n');
    expect(heading).toBe(`# ${code}`);
    expect(summary.toLowerCase()).toMatch(new RegExp(`^${CODES[code]}\\. `));
    expect(text).toContain('\n## Mend\n');
    if (WITHOUT_EXAMPLE.has(code)) return;
    const [example = '', mended = ''] = examples;
    expect((await openFile(example, files)).diagnostics.map(each => each.code)).toContain(code);
    const after = (await openFile(mended, files)).diagnostics;
    expect(after.map(each => `${each.code}: ${each.message}`)).toEqual([]);
  });

  test('there is one for each code, and the list of them is complete', () => {
    const names = readdirSync(pages).map(name => name.replace(/\.md$/, ''));
    expect(names.sort()).toEqual([...codes, 'README'].sort());
    const list = readFileSync(join(pages, 'README.md'), 'utf8');
    expect([...list.matchAll(/\]\((.*?)\.md\)/g)].map(match => match[1]).sort()).toEqual([...codes].sort());
  });
});

test('errors of the runtime and of lowering have known codes', () => {
  /** Thrown where no file is checked, or where the checks were passed over. */
  const elsewhere = new Set(['no-pattern', 'unknown-primitive', 'argument-type']);
  const thrown = [...sources('runtime'), ...sources('server')].flatMap(source => [
    ...[...source.matchAll(/new (?:LowerError|PatternError)\(\s*'([a-z-]+)'/g)].map(match => match[1] ?? ''),
    // `args.error(name, message, code)`.
    ...[...source.matchAll(/\.error\([^;]*?,\s*'([a-z]+-[a-z-]+)',?\s*\)/g)].map(match => match[1] ?? ''),
  ]);
  expect(new Set(thrown).size).toBeGreaterThan(10);
  expect([...new Set(thrown)].filter(code => !codes.some(known => known === code) && !elsewhere.has(code))).toEqual([]);
});
