import { describe, expect, test } from 'vitest';
import type { InlayHint } from 'vscode-languageserver-types';
import { openDocument } from './open-document.ts';

async function opened(text: string, settings?: unknown) {
  const { services, document } = await openDocument(text);
  if (settings !== undefined)
    services.shared.workspace.ConfigurationProvider.updateConfiguration({ settings: { sparse: settings } });
  const provide = async (lines: [number, number] = [0, 1000]): Promise<InlayHint[]> =>
    (await services.sparse.lsp.InlayHintProvider!.getInlayHints(document, {
      textDocument: { uri: document.uri.toString() },
      range: { start: { line: lines[0], character: 0 }, end: { line: lines[1], character: 0 } },
    })) ?? [];
  /** The text with its hints in it. */
  const show = async (lines?: [number, number]): Promise<string> =>
    (await provide(lines))
      .map(({ position, label, paddingLeft, paddingRight }) => ({
        offset: document.textDocument.offsetAt(position),
        label: `${paddingLeft ? ' ' : ''}<${label}>${paddingRight ? ' ' : ''}`,
      }))
      .sort((a, b) => b.offset - a.offset)
      .reduce((before, { offset, label }) => before.slice(0, offset) + label + before.slice(offset), text);
  return { provide, show };
}

const TEXT =
  'pattern a(size = 8) = window(size) | random(2, 7)\nmodel M {\n  tokens = 64\n  heads = 2\n  attention = a()\n  attention heads [1] = causal() // half\n}\n';
const SHOWN =
  'pattern a(size = 8) = window(size) | random(2, <seed:> 7) <16.2%>\nmodel M {\n  tokens = 64\n  heads = 2\n  attention = a() <16.2%>\n  attention heads [1] = causal() <50.8%> // half\n}\n';

describe('inlay hints', () => {
  test('density of patterns and rules, names of parameters', async () => {
    const { show, provide } = await opened(TEXT);
    // Counting has a time budget; a busy machine gets there at the second request.
    await expect.poll(() => show()).toBe(SHOWN);
    expect((await provide()).at(-1)?.tooltip).toMatch(/2,080 of 4,096 pairs, at 64 tokens/);
  });

  test('a causal model counts its rules as they are', async () => {
    const { show } = await opened('model M {\n  tokens = 64\n  causal = true\n  attention = full()\n}\n');
    await expect.poll(() => show()).toContain('full() <50.8%>');
  });

  test('only what is in sight', async () => {
    const { show } = await opened('pattern a = full()\npattern b = full()\npattern c = full()\n');
    await expect.poll(() => show([1, 1])).toBe('pattern a = full()\npattern b = full() <100%>\npattern c = full()\n');
  });

  test('each can be switched off', async () => {
    await expect.poll((await opened(TEXT, {})).show).toBe(SHOWN);
    expect(await (await opened(TEXT, { inlayHints: { density: false } })).show()).toBe(
      TEXT.replace('7)', '<seed:> 7)'),
    );
    await expect
      .poll((await opened(TEXT, { inlayHints: { parameterNames: false } })).show)
      .toBe(SHOWN.replace('<seed:> ', ''));
    expect(await (await opened(TEXT, { inlayHints: { density: false, parameterNames: false } })).show()).toBe(TEXT);
    await expect.poll((await opened(TEXT, 'nonsense')).show).toBe(SHOWN);
  });

  test('names that the argument says itself, named arguments and functions have none', async () => {
    const off = { inlayHints: { density: false } };
    const text = 'pattern a(x, offset) = strided(x, offset) | random(3, seed: 1) | window(max(1, 2), 3)\n';
    expect(await (await opened(text, off)).show()).toBe(text.replace('3)\n', '<dilation:> 3)\n'));
  });

  test('what has mistakes or no value has no density', async () => {
    const text =
      'pattern a(size) = window(size)\npattern b = window(-3)\npattern c = c\nmodel M { attention = full() }\npattern d = windw(\n';
    expect(await (await opened(text)).show()).toBe(text);
  });
});
