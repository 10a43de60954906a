import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { URI } from 'langium';
import { describe, expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { TextEdit } from 'vscode-languageserver-types';
import { createLanguage, LowerError } from '../../../server/language.ts';
import { createSparseServices } from '../../../server/lsp/services.ts';
import { arbitrarySource } from './arbitrary-source.ts';
import { openDocument } from './open-document.ts';

const services = createSparseServices({ readFile: () => Promise.resolve(null) });
const { Formatter: formatter } = services.sparse.lsp;
if (formatter === undefined) throw new Error('the language has no formatter');
const options = { tabSize: 4, insertSpaces: false };

/** The whole file formatted. */
async function format(text: string): Promise<string> {
  const uri = 'memory:/formatted.sparse';
  const document = services.shared.workspace.LangiumDocumentFactory.fromString('', URI.parse(uri));
  TextDocument.update(document.textDocument, [{ text }], 2);
  return apply(text, await formatter!.formatDocument(document, { textDocument: { uri }, options }));
}

function apply(text: string, edits: TextEdit[]): string {
  return TextDocument.applyEdits(TextDocument.create('memory:/a', 'sparse', 0, text), edits);
}

/** Words and comments, in order. */
function tokens(text: string): string[] {
  const { tokens: words, hidden, errors } = services.sparse.parser.Lexer.tokenize(text);
  expect(errors).toEqual([]);
  return [...words, ...hidden].sort((a, b) => a.startOffset - b.startOffset).map(({ image }) => image);
}

describe('canonical form', () => {
  test.each<[string, string, string]>([
    [
      'spaces',
      'pattern   a ( x=3 ,y : number=4 )=window( x,dilation:y )|  global([ 0 .. 4,17,- 1 ])\n',
      'pattern a(x = 3, y: number = 4) = window(x, dilation: y) | global([0..4, 17, -1])\n',
    ],
    [
      'operators',
      'const a=-1+ 2*3**-( 4%5 )\npattern b=!a&b-c\n',
      'const a = -1 + 2 * 3 ** -(4 % 5)\npattern b = !a & b - c\n',
    ],
    [
      'where',
      'pattern a=where(i ,j)=>i>=j&&i-j<4||!(i==0)\n',
      'pattern a = where (i, j) => i >= j && i - j < 4 || !(i == 0)\n',
    ],
    ['imports', 'import{a,b,}from"x"\nimport { } from "y"\n', 'import { a, b, } from "x"\nimport {} from "y"\n'],
    [
      'one line is a body',
      'model M{tokens=64 heads = 2 attention layers 0..3 step 2 ,heads[ 0]=a attention=a()}',
      'model M {\n  tokens    = 64\n  heads     = 2\n  attention layers 0..3 step 2, heads [0] = a\n  attention = a()\n}\n',
    ],
    ['a lone list stays close to its call', 'pattern a = global(\n[1, 2] )\n', 'pattern a = global(\n  [1, 2]\n)\n'],
    ['and is broken alone', 'pattern a = global([1,\n2])\n', 'pattern a = global([\n  1,\n  2\n])\n'],
    ['an empty body', 'model M  {\n\n}', 'model M {}\n'],
    [
      'alignment ends at a blank line',
      'model M {\n\ttokens=4\n\n\n\tkv_heads=4\n\theads=4\n\n}',
      'model M {\n  tokens = 4\n\n  kv_heads = 4\n  heads    = 4\n}\n',
    ],
    [
      'rules stay aligned where somebody aligned them',
      'model M {\nattention layers 0..10 = a\nattention layers 10..12   =  b\n}',
      'model M {\n  attention layers 0..10  = a\n  attention layers 10..12 = b\n}\n',
    ],
    [
      'rules are not aligned otherwise',
      'model M {\nattention layers 0..10 = a\nattention layers 10..12 = b\n}',
      'model M {\n  attention layers 0..10 = a\n  attention layers 10..12 = b\n}\n',
    ],
    [
      'one blank line',
      '\n\nconst a = 1\n\n\n\nconst b = 2\nconst c = 3\nmodel M {}\nconst d = 4\n\n\n',
      'const a = 1\n\nconst b = 2\nconst c = 3\n\nmodel M {}\n\nconst d = 4\n',
    ],
    [
      'where somebody broke a line, every part begins one',
      'pattern a = b |\nc | d\n',
      'pattern a =\n  b\n    | c\n    | d\n',
    ],
    ['arguments', 'pattern a = blocked(64,\nb | c,)\n', 'pattern a = blocked(\n  64,\n  b | c,\n)\n'],
    ['choices', 'pattern a = head < 2 ?\nb : c\n', 'pattern a =\n  head < 2\n    ? b\n    : c\n'],
    [
      'the end of a line stays what it is',
      'const a=1\r\nmodel M{tokens=1 /* a\r\nb */}',
      'const a = 1\r\n\r\nmodel M {\r\n  tokens = 1 /* a\r\nb */\r\n}\r\n',
    ],
    ['nothing', ' \n\n', ''],
  ])('%s', async (_, before, after) => {
    expect(await format(before)).toBe(after);
    expect(await format(after)).toBe(after);
  });

  test('long unions are broken before the operators, and what still is too long inside', async () => {
    const list = Array.from({ length: 60 }, (_, index) => index).join(', ');
    const text = `pattern a = window(8) | global([${list}]) | strided(128, offset: 3) & causal()\n`;
    const after = await format(text);
    expect(after).toBe(
      [
        'pattern a =',
        '  window(8)',
        '    | global([',
        '      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,',
        '      31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59',
        '    ])',
        '    | strided(128, offset: 3) & causal()',
        '',
      ].join('\n'),
    );
    expect(await format(after)).toBe(after);
  });

  const examples = join(import.meta.dirname, '../../../examples');
  test.each(readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.sparse')))(
    'the example %s is written that way',
    async name => {
      const text = readFileSync(join(examples, name), 'utf8');
      expect(await format(text)).toBe(text);
    },
  );
});

describe('comments', () => {
  test.each<[string, string, string]>([
    ['`//` before the next word', 'pattern a = window( // size\n8)\n', 'pattern a = window( // size\n  8\n)\n'],
    ['before an operator', 'pattern a = b // c\n| d\n', 'pattern a =\n  b // c\n    | d\n'],
    ['in the middle of a line', 'const a=/* x */1/* y */+2\n', 'const a = /* x */ 1 /* y */ + 2\n'],
    [
      'in a body',
      'model M { // one\n\n\n// two\ntokens = 1   // three\n// four\n\n}\n',
      'model M { // one\n\n  // two\n  tokens = 1   // three\n  // four\n}\n',
    ],
    ['documentation', '/**\n   * A\n *   - b\n */\n\n\npattern a=b\n', '/**\n   * A\n *   - b\n */\n\npattern a = b\n'],
    [
      'a blank line before a model is enough',
      'const a = 1 // a\n// b\n\nmodel M {}\n// c\nconst d = 1\n',
      'const a = 1 // a\n// b\n\nmodel M {}\n\n// c\nconst d = 1\n',
    ],
    ['nothing else', '  // a\n\n\n  /* b */', '// a\n\n/* b */\n'],
  ])('%s', async (_, before, after) => {
    expect(await format(before)).toBe(after);
    expect(await format(after)).toBe(after);
  });
});

describe('any file', () => {
  const language = createLanguage({ readFile: () => Promise.resolve(null) });
  const meaning = async (text: string): Promise<unknown> => {
    const file = await language.open('memory:/any.sparse', text);
    const models = file.declarations().map(({ name }) => {
      try {
        return file.lower(name);
      } catch (error) {
        if (!(error instanceof LowerError)) throw error;
        return error.message;
      }
    });
    const syntax = file.diagnostics.filter(({ code }) => code === 'syntax');
    // The text of a condition is kept for labels and may be spaced differently.
    const plain = JSON.stringify(models, (key, value: unknown) =>
      key === 'span' || key === 'text' ? undefined : value,
    );
    return { syntax, plain };
  };

  test('keeps its words, its comments and its meaning; formatting twice changes nothing', {
    timeout: 60_000,
  }, async () => {
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(arbitrarySource, async text => {
        const once = await format(text);
        if (once !== text) changed++;
        expect(tokens(once)).toEqual(tokens(text));
        expect(await format(once)).toBe(once);
        const before = await meaning(text);
        expect(before).toMatchObject({ syntax: [] });
        expect(await meaning(once)).toEqual(before);
        for (const line of once.split(/\r?\n/)) if (!/[/*]/.test(line)) expect(line).not.toMatch(/\s$/);
      }),
      { numRuns: 100 },
    );
    expect(changed).toBeGreaterThan(80);
  });
});

describe('parts of a file', () => {
  const TEXT = 'const a  =  1\nconst b  =  2\nmodel M {tokens=3}\nconst c  =  4\n';

  test('only the lines of a range', async () => {
    const { document } = await openDocument(TEXT);
    const range = { start: { line: 1, character: 3 }, end: { line: 1, character: 13 } };
    const textDocument = { uri: document.uri.toString() };
    const edits = await formatter!.formatDocumentRange(document, { textDocument, range, options });
    expect(apply(TEXT, edits)).toBe('const a  =  1\nconst b = 2\n\nmodel M {tokens=3}\nconst c  =  4\n');
  });

  const type = async (marked: string, ch: string): Promise<string> => {
    const { document, marks } = await openDocument(marked);
    const textDocument = { uri: document.uri.toString() };
    const position = marks[0]!;
    const edits = await formatter!.formatDocumentOnType(document, { textDocument, position, ch, options });
    return apply(document.textDocument.getText(), edits);
  };

  test('the model that a brace ends', async () => {
    expect(await type('const a  =  1\nmodel M{\ntokens=3\nattention=x}<|>\nconst c  =  4\n', '}')).toBe(
      'const a  =  1\nmodel M {\n  tokens    = 3\n  attention = x\n}\nconst c  =  4\n',
    );
    expect(await type('const a  =  1\nimport {x}<|> from "y"\n', '}')).toBe('const a  =  1\nimport { x } from "y"\n');
  });

  test('the line that was ended, and not the one that begins', async () => {
    expect(await type('const a  =  1\nconst b  =  2\n<|>\n\n\nconst c  =  3\n', '\n')).toBe(
      'const a  =  1\nconst b = 2\n\n\n\nconst c  =  3\n',
    );
    expect(await type('model M {\n    tokens=3\n    <|>\n}\n', '\n')).toBe('model M {\n  tokens = 3\n    \n}\n');
  });
});

describe('broken files are left alone', () => {
  test.each([
    'pattern a  = window(',
    'model M { tokens  = 3',
    'const a  = 1 /* open',
    'const a  = 1 @',
    'const  a =\nmodel M {  }',
    `pattern a  =${'('.repeat(20_000)}b${')'.repeat(20_000)}`,
  ])('%.40s', async text => {
    expect(await format(text)).toBe(text);
  });

  test('thousands of operands are nothing unusual', { timeout: 20_000 }, async () => {
    const text = `pattern a = full()${' | full()'.repeat(2000)}`;
    const once = await format(text);
    expect(once.split('\n')).toHaveLength(2003);
    expect(await format(once)).toBe(once);
  });
});

test('the text counts as it is now, not as it was when it was last read', async () => {
  const { document } = await openDocument('const a = 1\n');
  TextDocument.update(document.textDocument, [{ text: 'const  long  =  1\nconst b = 2\n' }], 2);
  const edits = await formatter!.formatDocument(document, { textDocument: { uri: '' }, options });
  expect(apply(document.textDocument.getText(), edits)).toBe('const long = 1\nconst b = 2\n');
});
