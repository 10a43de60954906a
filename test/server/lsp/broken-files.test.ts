import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { LangiumDocument } from 'langium';
import { describe, expect, test } from 'vitest';
import type { Position } from 'vscode-languageserver-types';
import { selectionRange } from '../../../server/lsp/selection-ranges.ts';
import { arbitrarySource } from './arbitrary-source.ts';
import { openDocument } from './open-document.ts';

/** Asks for everything, at a few places: no exception, and no place outside the text. */
async function survives(text: string): Promise<void> {
  const { services, document } = await openDocument(text);
  const { lsp } = services.sparse;
  const textDocument = { uri: document.uri.toString() };
  const options = { tabSize: 2, insertSpaces: true };
  const last = document.textDocument.positionAt(text.length);
  const range = { start: { line: 0, character: 0 }, end: last };
  const answers: unknown[] = [
    await lsp.Formatter!.formatDocument(document, { textDocument, options }),
    await lsp.Formatter!.formatDocumentRange(document, { textDocument, options, range }),
    await lsp.FoldingRangeProvider!.getFoldingRanges(document, { textDocument }),
    await lsp.DocumentLinkProvider!.getDocumentLinks(document, { textDocument }),
    await lsp.InlayHintProvider!.getInlayHints(document, { textDocument, range }),
    await services.shared.lsp.WorkspaceSymbolProvider!.getSymbols({ query: '' }),
  ];
  const { data } = await lsp.SemanticTokenProvider!.semanticHighlight(document, { textDocument });
  expect(data.every(value => Number.isInteger(value) && value >= 0)).toBe(true);
  for (const position of places(document)) {
    const at = { textDocument, position };
    answers.push(
      await lsp.Formatter!.formatDocumentOnType(document, { ...at, options, ch: '}' }),
      await lsp.Formatter!.formatDocumentOnType(document, { ...at, options, ch: '\n' }),
      await lsp.SignatureHelp!.provideSignatureHelp(document, at),
      await lsp.DocumentHighlightProvider!.getDocumentHighlight(document, at),
      selectionRange(document, position),
    );
    for (const item of (await lsp.CallHierarchyProvider!.prepareCallHierarchy(document, at)) ?? [])
      answers.push(
        await lsp.CallHierarchyProvider!.incomingCalls({ item }),
        await lsp.CallHierarchyProvider!.outgoingCalls({ item }),
      );
  }
  JSON.stringify(answers, (key, value: unknown) => {
    if (/^(line|startLine|endLine)$/.test(key)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(last.line);
    }
    return value;
  });
}

function places({ textDocument }: LangiumDocument): Position[] {
  const { length } = textDocument.getText();
  return [0, 1, 2, 3, 4].map(part => textDocument.positionAt(Math.round((part * length) / 4)));
}

const edits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat(12),
    insert: fc.constantFrom(
      '',
      '(',
      ')',
      '{',
      '}',
      '"',
      '/*',
      '//',
      '=',
      ',',
      'pattern',
      'model',
      '..',
      '@',
      '\n',
      'é',
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

describe('no feature fails on a broken file', () => {
  const examples = join(import.meta.dirname, '../../../examples');
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.sparse'))
    .map(name => readFileSync(join(examples, name), 'utf8'));

  test('files with some words changed', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.constantFrom(...files), arbitrarySource), edits, async (text, changes) => {
        const broken = changes.reduce((before, { at, remove, insert }) => {
          const from = Math.floor(at * before.length);
          return `${before.slice(0, from)}${insert}${before.slice(from + remove)}`;
        }, text);
        await survives(broken);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    '',
    '\n',
    'pattern',
    'pattern = ',
    'model { = }',
    'import { , } from',
    'const a = a',
    'pattern a = b\npattern b = a',
    'pattern a(a) = a(a)',
    'model M { attention = }',
    'pattern a = "\\',
    '/*',
  ])('%j', survives);
});
