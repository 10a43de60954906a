import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CheckedFile, createLanguage } from '../../server/language.ts';
import { applied, arbitraryEdits, arbitraryFile } from './edits.ts';

const OTHER = 'memory:/other.sparse';
const MAIN = 'memory:/main.sparse';

/** Everything that is said about a file and what its declarations mean. */
function answers(file: CheckedFile): unknown {
  return {
    diagnostics: file.diagnostics,
    declarations: file.declarations().map(info => {
      try {
        return { info, model: file.lower(info.name, { tokens: 64 }) };
      } catch (error) {
        return { info, error: String(error) };
      }
    }),
  };
}

/** A language over one other file, and the answers of another one that sees everything for the first time. */
function compared(other: string) {
  let stored = other;
  const reader = { readFile: (uri: string) => Promise.resolve(uri === OTHER ? stored : null) };
  const language = createLanguage(reader);
  return {
    async open(text: string): Promise<void> {
      const known = answers(await language.open(MAIN, text));
      expect(known).toEqual(answers(await createLanguage(reader).open(MAIN, text)));
    },
    /** Opens the other file too, as an editor would. */
    async changeOther(text: string): Promise<void> {
      stored = text;
      await language.open(OTHER, text);
    },
  };
}

const LIBRARY = 'const k = 4\npattern x = window(k)\npattern y(size = 8) = sliding(size)';

describe('an edited file', () => {
  test('is judged as if it was read for the first time', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryFile, arbitraryEdits, async (start, edits) => {
        const both = compared(LIBRARY);
        let text = start;
        await both.open(text);
        for (const edit of edits) {
          text = applied(text, edit);
          await both.open(text);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('so are the files that import it', { timeout: 240_000 }, async () => {
    const main = 'import { x, y } from "./other.sparse"\npattern a = x | y(16)\nmodel M { tokens = 64 attention = a }';
    await fc.assert(
      fc.asyncProperty(arbitraryEdits, async edits => {
        const both = compared(LIBRARY);
        await both.open(main);
        let other = LIBRARY;
        for (const edit of edits) {
          other = applied(other, edit);
          await both.changeOther(other);
          await both.open(main);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('what was known is forgotten when', () => {
  const opened = async (...texts: string[]): Promise<string[][]> => {
    const language = createLanguage({ readFile: () => Promise.resolve(null) });
    const codes: string[][] = [];
    for (const text of texts) {
      const { diagnostics } = await language.open(MAIN, text);
      codes.push(diagnostics.map(({ code, span }) => `${code} ${text.slice(span.start, span.end)}`));
    }
    return codes;
  };

  test('a constant changes that is used through others', async () => {
    const file = (value: string) =>
      `const c = ${value}\nconst d = c\npattern p = window(d)\npattern q = p | window(64)`;
    expect(await opened(file('8'), file('128'), file('0.5'), file('8'))).toEqual([
      ['redundant-operand p'],
      ['redundant-operand window(64)'],
      expect.arrayContaining([expect.stringContaining('argument-integer')]),
      ['redundant-operand p'],
    ]);
  });

  test('a name comes, goes, or hides another', async () => {
    expect(
      await opened(
        'pattern p = near',
        'pattern near = full()\npattern p = near',
        'pattern p(near: pattern = window(8)) = near | window(64)\npattern near = full()',
        'pattern p = near',
      ),
    ).toEqual([['unknown-name near'], [], ['redundant-operand window(8)'], ['unknown-name near']]);
  });

  test('a model uses a pattern at another length', async () => {
    const file = (tokens: number) => `pattern p = rows([100]) | causal()\nmodel M { tokens = ${tokens} attention = p }`;
    const [long, short, again] = await opened(file(128), file(64), file(128));
    expect(short).toEqual([expect.stringContaining('position-range')]);
    expect(again).toEqual(long);
    expect(long).not.toEqual(short);
  });

  test('nothing but places changes: messages follow', async () => {
    const file = 'pattern p = window(8) | window(64)\npattern q = window(-3)';
    const [plain] = await opened(file);
    expect(plain).toEqual(['redundant-operand window(8)', 'argument-range -3']);
    expect(await opened(file, `\n\n// note\n${file}`, `const k = 1 ${file}`, file)).toEqual([
      plain,
      plain,
      plain,
      plain,
    ]);
  });
});
