import { URI } from 'langium';
import { describe, expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { tooLarge } from '../../runtime/export/read-mask-file.ts';
import { bindPattern } from '../../runtime/pattern/bind.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { squareShape } from '../../runtime/pattern/shape.ts';
import { fromFloat32 } from '../../runtime/tensor/convert.ts';
import { writeNpy } from '../../runtime/tensor/npy.ts';
import { writeNpz } from '../../runtime/tensor/npz.ts';
import { writeSafetensors } from '../../runtime/tensor/safetensors.ts';
import { Facts } from '../../server/check/facts.ts';
import { checkDocument } from '../../server/check.ts';
import { Counter } from '../../server/counting.ts';
import { fileOf } from '../../server/imports.ts';
import { createLanguage, FileProblem, lowerNamed } from '../../server/language.ts';
import { createCoreServices } from '../../server/module.ts';
import { openDocument } from './lsp/open-document.ts';
import { bare, diagnose, MAIN, openFile, pattern, readerOf } from './open-file.ts';

/** Query i attends to key j where `at` says so. */
function npy(n: number, at: (i: number, j: number) => boolean, heads?: number): Uint8Array {
  const count = (heads ?? 1) * n * n;
  const data = Uint8Array.from({ length: count }, (_, e) => Number(at(Math.floor(e / n), e % n)));
  return writeNpy({ dtype: 'bool', shape: heads === undefined ? [n, n] : [heads, n, n], data });
}

const band = npy(16, (i, j) => Math.abs(i - j) < 2);
/** Three heads; rows of head h begin at 8 h. */
const heads = npy(8, (i, j) => j <= i >> 3, 3);

async function messages(text: string, files = {}): Promise<string[]> {
  const { diagnostics } = await openFile(text, files);
  return diagnostics.map(({ code, message }) => `${code}: ${message}`);
}

describe('the file becomes the pattern', () => {
  const files = { 'band.npy': band, 'heads.npy': heads, 'deeper/band.npy': npy(16, () => true) };

  test('nothing but its contents is left', async () => {
    const found = await pattern('pattern p = mask("band.npy")', files);
    expect(JSON.stringify(found)).not.toContain('memory:/band');
    const mask = bindPattern(found, squareShape(16));
    expect(mask.word(5, 0) & 0xffff).toBe(0b1110000);
    expect(found).toMatchObject({
      pattern: { name: 'mask', args: { path: { type: 'mask', value: { name: 'band.npy', heads: null, tokens: 16 } } } },
    });
  });

  test('through parameters, constants of strings and choices as well', async () => {
    const direct = (await pattern('pattern p = mask("band.npy")', files)) as { pattern: unknown };
    for (const text of [
      'pattern q(path: string = "band.npy") = mask(path)\npattern p = q()',
      'pattern q(path) = mask(path)\npattern p = q("band.npy")',
      'pattern q(path) = mask(path: path)\npattern r(file) = q(file)\npattern p = r(("band.npy"))',
    ]) {
      const found = bare(await pattern(text, files));
      expect(JSON.stringify(found)).toContain(JSON.stringify(bare(direct.pattern)));
    }
  });

  test('a path is relative to the file it stands in', async () => {
    const imported = {
      ...files,
      'deeper/lib.sparse': 'pattern near = mask("band.npy")\npattern far(path) = mask(path)',
    };
    const found = await openFile(
      'import { near, far } from "deeper/lib.sparse"\npattern p = near()\npattern q = far("band.npy")',
      imported,
    );
    expect(found.diagnostics).toEqual([]);
    const word = (name: string) =>
      bindPattern(found.lower(name).rules[0]!.pattern, squareShape(16)).word(0, 0) & 0xffff;
    expect(word('p')).toBe(0xffff);
    expect(word('q')).toBe(0b11);
  });

  test('one mask for each head makes the heads of a pattern, and has to fit those of a model', async () => {
    const bareOne = (await openFile('pattern p = mask("heads.npy") & causal()', files)).lower('p');
    expect(bareOne).toMatchObject({ heads: 3, kvHeads: 3, rules: [{ heads: [0, 1, 2] }] });
    const text = 'model M {\n  tokens = 8\n  heads = 3\n  attention = mask("heads.npy")\n}';
    const model = (await openFile(text, files)).lower('M');
    for (let head = 0; head < 3; head++) {
      const mask = bindPattern(patternAt(model, 0, head)!, shapeAt(model, 0, head));
      expect(mask.word(0, 0) & 0xff).toBe((2 << head) - 1);
    }
    expect(await messages(text.replace('heads = 3', 'heads = 4'), files)).toEqual([
      'mask-shape: "heads.npy" holds masks of 3 heads, but there are 4 heads; an array [n, n] is for all heads',
    ]);
  });

  test('another length is said once, where the file is named, and only when a model has one', async () => {
    const text = 'pattern p = mask("band.npy")\nmodel M {\n  tokens = 17\n  attention = p()\n}';
    expect(await diagnose(text, files)).toEqual(['error mask-shape "\\"band.npy\\""']);
    expect(await messages(text, files)).toEqual(['mask-shape: "band.npy" holds a mask of 16 x 16, but n is 17']);
    expect(await messages(text.replace('17', '16'), files)).toEqual([]);
    const onGrid = 'model M {\n  tokens = 60\n  attention = blocked(4, mask("band.npy"))\n}';
    expect(await messages(onGrid, files)).toEqual(['mask-shape: "band.npy" holds a mask of 16 x 16, but n is 15']);
    expect(await messages(onGrid.replace('60', '64'), files)).toEqual([]);
  });

  test('is counted at its own length and with its own heads', async () => {
    const counter = new Counter();
    const count = async (text: string) => counter.count(await pattern(text, files), squareShape(4096), 1000);
    expect(await count('pattern p = mask("band.npy")')).toMatchObject({ pairs: 46, tokens: 16 });
    expect(await count('pattern p = mask("heads.npy")')).toMatchObject({ pairs: 8, tokens: 8 });
    expect(await count('pattern p = mask("heads.npy") | mask("band.npy")')).toBeUndefined();
  });

  test('is seen by the checks that look at masks', async () => {
    const empty = { 'empty.npy': npy(16, i => i !== 5) };
    const text = 'model M {\n  tokens = 16\n  attention = mask("empty.npy")\n}';
    expect(await messages(text, empty)).toEqual([expect.stringMatching(/^empty-query: .*5/)]);
  });
});

describe('files that cannot be read', () => {
  const broken = {
    'cut.npz': writeNpz({ mask: { dtype: 'bool', shape: [2, 2], data: new Uint8Array(4) } }).slice(0, 60),
    'text.npy': new TextEncoder().encode('hello world'),
    'half.npy': writeNpy(fromFloat32(Float32Array.of(0, 0.5, 1, 1), [2, 2])),
    'wide.npy': writeNpy({ dtype: 'bool', shape: [2, 3], data: new Uint8Array(6) }),
    'header.safetensors': new Uint8Array(16).fill(255),
    'several.safetensors': writeSafetensors(
      Object.fromEntries(
        Array.from({ length: 50 }, (_, at) => [`${'x'.repeat(99)}${at}`, fromFloat32(new Float32Array(1), [1])]),
      ),
    ),
  };

  test.each([
    ['gone.npy', /^cannot read "gone\.npy" \(looked for memory:\/gone\.npy\)$/],
    ['cut.npz', /^cannot use "cut\.npz" as a mask: this is not a \.npz file that can be read: /],
    ['text.npy', /^cannot use "text\.npy" as a mask: this is not a \.npy file/],
    ['half.npy', /^cannot use "half\.npy" as a mask: it holds 0\.5 at \[0, 1\], which is neither 0 nor 1$/],
    ['wide.npy', /its array is \[2, 3\]; a mask is \[n, n\] or \[heads, n, n\]$/],
    ['header.safetensors', /its header claims 18446744073709551615 bytes/],
    ['several.safetensors', /several arrays/],
    ['', /^name a mask file here, such as "mask\.npz"$/],
    ['mask.pt', /^"mask\.pt" is no mask file: masks are read from \.npy, \.npz, \.safetensors$/],
    ['https://example.org/mask.npz', /^"https:.*" is no file: name one relative to this file/],
    ['sparse:mask.npz', /is no file/],
    ['a:b:%%%.npz', /cannot read|is no file/],
    ['//server/share/mask.npz', /cannot read|is no file/],
    ['../../../../../../mask.npz', /^cannot read/],
    [`${'long/'.repeat(400)}mask.npz`, /^cannot read "\.\.\./],
  ])('%s', async (path, message) => {
    const text = `pattern p = mask("${path}") | window(8)`;
    const { diagnostics } = await openFile(text, broken);
    expect(diagnostics.map(({ code }) => code)).toEqual(['mask-file']);
    expect(diagnostics[0]!.message).toMatch(message);
    expect(diagnostics[0]!.message.length).toBeLessThan(450);
    expect(text.slice(diagnostics[0]!.span.start, diagnostics[0]!.span.end)).toBe(`"${path}"`);
  });

  test('one message at the string, none where the pattern is used', async () => {
    const text = 'pattern before = p()\npattern p = mask("gone.npy")\nmodel M {\n  tokens = 8\n  attention = p()\n}';
    expect(await diagnose(text)).toEqual(['error mask-file "\\"gone.npy\\""']);
    expect(await diagnose('pattern q(path) = mask(path)\npattern p = q("gone.npy")')).toEqual([
      'error mask-file "\\"gone.npy\\""',
    ]);
    expect(await diagnose('pattern q(path) = mask(path)\npattern p = q("gone.txt")')).toEqual([
      'error mask-file "\\"gone.txt\\""',
    ]);
  });

  test('in an imported file: said at the import or its use, once', async () => {
    const files = { 'lib.sparse': 'pattern p = mask("gone.npy")' };
    const found = await messages('import { p } from "lib.sparse"\npattern q = p()', files);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('cannot read "gone.npy"');
  });

  test('a reader that has more to say is heard, one that has no bytes is no trouble', async () => {
    const text = 'pattern p = mask("m.npy")';
    const about = async (readBytes?: () => Promise<Uint8Array | null>) => {
      const reader = { readFile: () => Promise.resolve(null), ...(readBytes && { readBytes }) };
      return (await createLanguage(reader).open(MAIN, text)).diagnostics.map(({ message }) => message);
    };
    expect(await about(() => Promise.reject(new FileProblem('it is a folder')))).toEqual([
      'cannot read "m.npy": it is a folder',
    ]);
    expect(await about(() => Promise.reject(new FileProblem(tooLarge(2 ** 26))))).toEqual([
      'cannot read "m.npy": it has more than 64 MiB; save it as .npz, compressed',
    ]);
    expect(await about(() => Promise.reject(new Error('no permission')))).toEqual([
      'cannot read "m.npy" (looked for memory:/m.npy)',
    ]);
    expect(await about()).toHaveLength(1);
  });

  test('a string that is no path is left alone', async () => {
    expect(await messages('pattern p(name: string = "mask.npz.txt") = window(8)')).toEqual([]);
  });

  test('mistakes in the call are said as for any other primitive', async () => {
    const files = { 'band.npy': band };
    expect(await diagnose('pattern p = mask()', files)).toEqual(['error argument-missing "mask"']);
    expect(await diagnose('pattern p = mask(8)', files)).toEqual(['error wrong-type "8"']);
    expect(await diagnose('pattern p = mask("band.npy", 3)', files)).toEqual(['error argument-count "3"']);
    expect(await diagnose('pattern mask = window(8)', files)).toEqual(['error reserved-name "mask"']);
  });
});

describe('files that change', () => {
  /** Documents over files that change; `update` is what an editor says. */
  function workspace(texts: Record<string, string>, files: Record<string, string | Uint8Array>) {
    let reads = 0;
    const reader = readerOf(files);
    const { shared } = createCoreServices(
      {
        readFile: reader.readFile,
        readBytes: async (uri, most) => {
          reads++;
          return (await reader.readBytes?.(uri, most)) ?? null;
        },
      },
      { get: uri => (texts[uri.toString()] === undefined ? undefined : documentOf(uri.toString())) },
    );
    const documentOf = (uri: string) => TextDocument.create(uri, 'sparse', 1, texts[uri] ?? '');
    const { DocumentBuilder: builder, LangiumDocuments: documents } = shared.workspace;
    builder.updateBuildOptions = { validation: false };
    const at = (uri: string) => documents.getDocument(URI.parse(uri))!;
    return {
      update: (changed: string[], deleted: string[] = []) =>
        builder.update(
          changed.map(uri => URI.parse(uri)),
          deleted.map(uri => URI.parse(uri)),
        ),
      word: (uri: string) => {
        const model = lowerNamed(fileOf(at(uri))!, 'p');
        return bindPattern(model.rules[0]!.pattern, squareShape(16)).word(0, 0) & 0xffff;
      },
      codes: (uri: string) => checkDocument(at(uri), documents, new Facts()).map(({ code }) => code),
      documents: () => documents.all.map(({ uri }) => uri.toString()).toArray(),
      reads: () => reads,
    };
  }

  const texts = {
    'memory:/a.sparse': 'pattern p = mask("m/x.npy")',
    'memory:/b.sparse': 'import { p as q } from "a.sparse"\nimport { p } from "a.sparse"\npattern r = p()',
    'memory:/c.sparse': 'pattern p = mask("y.npy")',
  };

  test('are read once, again when they changed, and their users have the new mask', async () => {
    const files: Record<string, string | Uint8Array> = { 'm/x.npy': band, 'y.npy': band };
    const w = workspace(
      { 'memory:/a.sparse': texts['memory:/a.sparse'], 'memory:/c.sparse': texts['memory:/c.sparse'] },
      files,
    );
    await w.update(['memory:/a.sparse', 'memory:/c.sparse']);
    expect([w.word('memory:/a.sparse'), w.reads()]).toEqual([0b11, 2]);
    await w.update(['memory:/a.sparse']);
    expect(w.reads()).toBe(2);
    files['m/x.npy'] = npy(16, () => true);
    await w.update(['memory:/m/x.npy']);
    expect([w.word('memory:/a.sparse'), w.word('memory:/c.sparse'), w.reads()]).toEqual([0xffff, 0b11, 3]);
    // A mask file never becomes a document.
    expect(w.documents().sort()).toEqual(['memory:/a.sparse', 'memory:/c.sparse']);
  });

  test('that go away and come back, also with their folder', async () => {
    const files: Record<string, string | Uint8Array> = { 'm/x.npy': band };
    const w = workspace({ 'memory:/a.sparse': texts['memory:/a.sparse'] }, files);
    await w.update(['memory:/a.sparse']);
    expect(w.codes('memory:/a.sparse')).toEqual([]);
    delete files['m/x.npy'];
    await w.update([], ['memory:/m']);
    expect(w.codes('memory:/a.sparse')).toEqual(['mask-file']);
    files['m/x.npy'] = band;
    await w.update(['memory:/m/x.npy']);
    expect(w.codes('memory:/a.sparse')).toEqual([]);
  });

  test('whoever imports a user sees it too', async () => {
    const files: Record<string, string | Uint8Array> = { 'm/x.npy': band };
    const w = workspace(
      {
        'memory:/a.sparse': texts['memory:/a.sparse'],
        'memory:/d.sparse': 'import { p } from "a.sparse"\nmodel M {\n  tokens = 16\n  attention = p()\n}',
      },
      files,
    );
    await w.update(['memory:/a.sparse', 'memory:/d.sparse']);
    expect(w.codes('memory:/d.sparse')).toEqual([]);
    files['m/x.npy'] = npy(20, () => true);
    await w.update(['memory:/m/x.npy']);
    expect(w.codes('memory:/d.sparse')).toEqual(['mask-shape']);
  });

  test('what an editor shows follows them, although no text changed', async () => {
    const files: Record<string, string | Uint8Array> = { 'm.npy': band };
    const { services, document } = await openDocument(
      'pattern p = mask("m.npy")\nmodel M {\n  tokens = 16\n  attention = p()\n}',
      files,
    );
    const { DocumentBuilder: builder } = services.shared.workspace;
    const codes = () => document.diagnostics?.map(({ code }) => code);
    expect(codes()).toEqual([]);
    const steps: readonly (readonly [Uint8Array | undefined, readonly string[]])[] = [
      [npy(17, () => true), ['mask-shape']],
      [new Uint8Array(3), ['mask-file']],
      [undefined, ['mask-file']],
      [npy(16, i => i !== 5), ['empty-query']],
      [band, []],
    ];
    for (const [contents, expected] of steps) {
      if (contents === undefined) delete files['m.npy'];
      else files['m.npy'] = contents;
      await builder.update([URI.parse('memory:/m.npy')], []);
      expect(codes()).toEqual(expected);
    }
  });

  test('other files are not looked at', async () => {
    const w = workspace({ 'memory:/a.sparse': texts['memory:/a.sparse'] }, { 'm/x.npy': band });
    await w.update(['memory:/a.sparse']);
    await w.update(['memory:/other.npy', 'memory:/m/y.npz'], ['memory:/z.safetensors']);
    expect([w.reads(), w.documents()]).toEqual([1, ['memory:/a.sparse']]);
  });
});
