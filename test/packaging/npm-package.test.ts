import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build, type Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { libraryBuild } from '../../scripts/build.mjs';
import { packageLibrary } from '../../scripts/package-npm.mjs';
import { codeBlocks } from '../code-blocks.ts';

const projectRoot = path.resolve(import.meta.dirname, '../..');
/** Bytes; what a change adds to the download should be noticed. */
const sizeLimit = 1_400_000;
/** What a page may load for attention alone, minified and not compressed. */
const attendLimit = 155_000;

let folder = '';
let user = '';
let archive = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sparse-npm-'));
  archive = packageLibrary(folder);
  user = path.join(folder, 'user');
  mkdirSync(user);
  write('package.json', JSON.stringify({ name: 'user', private: true, type: 'module' }));
  // Nothing else is to be installed, so that no registry is asked.
  const installed = run('npm', [
    'install',
    '--offline',
    '--omit=peer',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    archive,
  ]);
  if (installed.status !== 0) throw new Error(installed.stderr);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(path.dirname(path.join(user, name)), { recursive: true });
  writeFileSync(path.join(user, name), text);
}

function run(command: string, args: readonly string[], input?: string) {
  return spawnSync(command, args, {
    cwd: user,
    encoding: 'utf8',
    ...(input !== undefined && { input }),
    // npm tells the programs that it runs about itself.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))),
  });
}

const node = (...args: string[]) => run(process.execPath, args);

describe('the npm package', () => {
  test('holds the command line, the server, the library and its documentation, and nothing else', () => {
    const { stdout } = run('tar', ['tzf', archive]);
    const names = stdout
      .trimEnd()
      .split('\n')
      .map(name => name.replace(/^package\//, ''));
    const expected = [
      /^(LICENSE|README\.md|package\.json)$/,
      /^dist\/(cli\.mjs|server\.cjs)$/,
      /^dist\/api\/[\w.-]+\.js$/,
      /^dist\/api\/types\/(client\/api|runtime)\/[\w./-]+\.d\.ts$/,
      /^docs\/([\w-]+\.md|schema\.json|diagnostics\/[\w-]+\.md)$/,
    ];
    expect(names.filter(name => !expected.some(each => each.test(name)))).toEqual([]);
    for (const each of expected)
      expect(
        names.some(name => each.test(name)),
        String(each),
      ).toBe(true);
  });

  test(`is smaller than ${sizeLimit} bytes`, () => {
    expect(statSync(archive).size).toBeLessThan(sizeLimit);
  });

  test('needs no other package', () => {
    expect(existsSync(path.join(user, 'node_modules/webgpu'))).toBe(false);
    const { stdout } = run('npm', ['ls', '--all', '--parseable']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });

  test('has every file that its manifest names', () => {
    const root = path.join(user, 'node_modules/sparse-attention');
    const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      bin: Record<string, string>;
      exports: Record<string, string | Record<string, string>>;
    };
    const named = [
      ...Object.values(manifest.bin),
      ...Object.values(manifest.exports).flatMap(each => (typeof each === 'string' ? [each] : Object.values(each))),
    ];
    for (const file of named) expect(existsSync(path.join(root, file)), file).toBe(true);
  });
});

describe('its command line', () => {
  const sparse = (args: readonly string[], input?: string) =>
    run(path.join(user, 'node_modules/.bin/sparse'), args, input);

  test('runs where it was installed', () => {
    const { status, stdout, stderr } = sparse(['stats', '--expr', 'sliding(8)', '--tokens', '100', '--json']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ pairs: 100 * 8 - 28 });
  });

  test('runs attention without WebGPU, and says what is missing', () => {
    const { status, stdout, stderr } = sparse(['run', '--expr', 'sliding(8)', '--tokens', '100', '--json']);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ backend: 'cpu' });
    expect(stderr).toMatch(/Install the npm package "webgpu"/);
  });

  test('finds the language server', async () => {
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { processId: null, rootUri: null, capabilities: {} },
    });
    const server = spawn(path.join(user, 'node_modules/.bin/sparse'), ['lsp', '--stdio'], { cwd: user });
    let answer = '';
    server.stdin.write(`Content-Length: ${body.length}\r\n\r\n${body}`);
    for await (const piece of server.stdout) {
      answer += piece;
      if (answer.includes('"hoverProvider":true')) break;
    }
    server.kill();
    expect(answer).toContain('"hoverProvider":true');
  });
});

const CONSUMER = `import {
  attend, AttentionInputError, backends, compile, type Compiled, type Diagnostic, exportMask, ExportFitError, formats,
  type Model, parse, ParseError, parseExpression, PatternError, release, sampleInput,
} from 'sparse-attention';
import { attend as alone, compile as compileAlone } from 'sparse-attention/attend';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const found: Record<string, unknown> = {};
const file = await parse('pattern mine(size = 8) = sliding(size) | columns([0])\\nmodel M { tokens = 64  heads = 2  attention = mine() }');
const diagnostics: readonly Diagnostic[] = file.diagnostics;
found.diagnostics = diagnostics.length;
found.names = file.declarations.map(({ name, kind }) => name + ' ' + kind);
const model: Model = file.model();
const masks: Compiled = compile(model);
found.pairs = masks.pairs;
const input = sampleInput({ heads: 2, kvHeads: 1, queries: 64, keys: 64, headDim: 16 });
const fast = await attend(input, masks, { backend: 'cpu' });
const sure = await alone(input, compileAlone(model).parts, { backend: 'reference' });
found.difference = Math.max(...fast.o.map((value, index) => Math.abs(value - (sure.o[index] ?? Number.NaN))));
found.backend = fast.backend;
found.backends = (await backends()).map(({ id, available }) => id + ' ' + available);
const { files, addedPairs } = exportMask(model, { format: 'npy', head: 'all' });
await writeFile('mask.' + files[0].extension, files[0].contents);
found.exported = [files.length, addedPairs, files[0].contents.size];
found.formats = formats.some(({ id }) => id === 'flex');
const broken = await parse('pattern p = wnidow(3)');
found.broken = broken.diagnostics.map(({ code, line, column }) => [code, line, column]);
const errors: unknown[] = [];
for (const action of [
  () => broken.model(),
  () => file.model('nobody'),
  () => parseExpression('window('),
  () => parseExpression('window(8)').then(pattern => compile(pattern)),
  () => exportMask(model, { format: 'sparge' }),
  () => exportMask(model, { format: 'nothing' }),
  () => attend({ ...input, heads: 3 }, masks),
]) {
  try {
    await action();
    errors.push('nothing');
  } catch (error) {
    errors.push(
      error instanceof ParseError ? 'ParseError'
      : error instanceof PatternError ? 'PatternError'
      : error instanceof ExportFitError ? 'ExportFitError'
      : error instanceof AttentionInputError ? 'AttentionInputError'
      : (error as Error).name,
    );
  }
}
found.errors = errors;
const imported = await parse('import { one } from "./one.sparse"\\npattern two = one', {
  uri: new URL('two.sparse', import.meta.url).href,
  readFile: uri => readFile(fileURLToPath(uri), 'utf8').catch(() => null),
});
found.imported = compile(imported.model(), { tokens: 10 }).pairs;
release();
console.log(JSON.stringify(found));
`;

describe('its library', () => {
  test.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])(
    'is typed, strictly, for modules of %s and resolution of %s, and does what it says',
    (module, moduleResolution) => {
      write('consumer.mts', CONSUMER);
      write('one.sparse', 'pattern one = sliding(4)\n');
      write(
        'tsconfig.json',
        JSON.stringify({
          compilerOptions: {
            module,
            moduleResolution,
            target: 'es2022',
            lib: ['es2023', 'dom'],
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            skipLibCheck: false,
            types: ['node'],
            typeRoots: [path.join(projectRoot, 'node_modules/@types')],
          },
          files: ['consumer.mts'],
        }),
      );
      const compiled = node(path.join(projectRoot, 'node_modules/typescript/bin/tsc'));
      expect(compiled.stdout + compiled.stderr).toBe('');
      expect(compiled.status).toBe(0);
      const { stdout, stderr, status } = node('consumer.mjs');
      expect(stderr).toBe('');
      expect(status).toBe(0);
      const found = JSON.parse(stdout) as Record<string, unknown>;
      expect(found).toMatchObject({
        diagnostics: 0,
        names: ['mine pattern', 'M model'],
        // Rows of 8, shorter at the start, and key 0 where it is not in reach.
        pairs: 2 * (64 * 8 - 28 + 56),
        backend: 'cpu',
        backends: ['gpu false', 'cpu true', 'reference true'],
        exported: [1, 0, 128 + 2 * 64 * 64],
        formats: true,
        broken: [['unknown-name', 1, 13]],
        errors: [
          'ParseError',
          'ParseError',
          'ParseError',
          'PatternError',
          'ExportFitError',
          'RangeError',
          'AttentionInputError',
        ],
        imported: 4 * 10 - 6,
      });
      expect(found.difference).toBeLessThan(1e-5);
      expect(readFileSync(path.join(user, 'mask.npy')).length).toBe(128 + 2 * 64 * 64);
    },
  );

  test.each(
    ['README.md', 'docs/library.md'].flatMap(page =>
      codeBlocks(page, 'ts').map(({ text, line }) => [page, line, text] as const),
    ),
  )('does what is shown in %s, line %s', (page, line, text) => {
    cpSync(path.join(projectRoot, 'examples'), path.join(user, 'examples'), { recursive: true });
    const name = `${path.basename(page, '.md').toLowerCase()}-${line}`;
    write(`${name}.mts`, text);
    write(`tsconfig.${name}.json`, JSON.stringify({ extends: './tsconfig.json', files: [`${name}.mts`] }));
    const compiled = node(path.join(projectRoot, 'node_modules/typescript/bin/tsc'), '-p', `tsconfig.${name}.json`);
    expect(compiled.stdout + compiled.stderr).toBe('');
    const { stdout, stderr, status } = node(`${name}.mjs`);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    // What is printed stands beside it.
    const shown = [...text.matchAll(/^console\.log\(.*\); \/\/ (.+)$/gm)].map(([, each]) => each);
    expect(shown.length).toBeGreaterThan(0);
    expect(stdout.trimEnd().split('\n')).toEqual(shown);
  });

  test('says no to what its types do not allow', () => {
    write('wrong.mts', "import { attend, parse } from 'sparse-attention';\nparse(3);\nattend({}, []);\n");
    write('tsconfig.wrong.json', JSON.stringify({ extends: './tsconfig.json', files: ['wrong.mts'] }));
    const { stdout } = node(
      path.join(projectRoot, 'node_modules/typescript/bin/tsc'),
      '--noEmit',
      '-p',
      'tsconfig.wrong.json',
    );
    expect(stdout).toMatch(/wrong\.mts\(2,7\): error TS2345/);
    expect(stdout).toMatch(/wrong\.mts\(3,8\): error TS2740/);
  });

  test('documents every function that it exports, with what it throws or an example', () => {
    const types = path.join(user, 'node_modules/sparse-attention/dist/api/types/client/api');
    for (const [file, name] of [
      ['parse', 'parse'],
      ['parse', 'parseExpression'],
      ['compile', 'compile'],
      ['export-mask', 'exportMask'],
      ['attend.node', 'attend'],
      ['quality.node', 'quality'],
      ['quality.node', 'suggest'],
      ['quality.node', 'suggestWithin'],
    ]) {
      const text = readFileSync(path.join(types, `${file}.d.ts`), 'utf8');
      const [, comment = ''] =
        new RegExp(`/\\*\\*((?:(?!\\*/).)*)\\*/\\s*export declare (?:const|function) ${name}\\b`, 's').exec(text) ?? [];
      expect(comment, name).toMatch(/@(throws|example)/);
    }
  });
});

/** The sources in a bundle that a user makes of the library, by what they import from it. */
async function bundled(code: string, platform: 'browser' | 'node') {
  write('entry.js', code);
  const user_ = await build({
    absWorkingDir: user,
    entryPoints: ['entry.js'],
    bundle: true,
    minify: true,
    format: 'esm',
    platform,
    external: ['webgpu'],
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  // What the user's bundler sees are files of the library; what is in those is known to the library's own build.
  const { metafile } = (await build({ ...libraryBuild(), metafile: true })) as { metafile: Metafile };
  const used = Object.entries(Object.values(user_.metafile.outputs)[0]!.inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([name]) => name)
    .filter(name => name.includes('sparse-attention/'));
  const sources = used.flatMap(name => {
    const output = metafile.outputs[name.slice(name.indexOf('sparse-attention/') + 'sparse-attention/'.length)];
    expect(output, name).toBeDefined();
    return Object.entries(output!.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([source]) => source);
  });
  return { sources: [...new Set(sources)], text: user_.outputFiles[0]!.text, warnings: user_.warnings };
}

describe.each(['browser', 'node'] as const)('what a bundler for %s makes of', platform => {
  const LANGUAGE = /node_modules\/(langium|chevrotain|@chevrotain|vscode|@vscode|lodash)|^server\//;

  test.each(['sparse-attention', 'sparse-attention/attend'])(
    'attend of %s has no language and no editor',
    async from => {
      const { sources, text, warnings } = await bundled(
        `import { attend } from '${from}';\nconsole.log(await attend(JSON.parse(data), JSON.parse(plans)));`,
        platform,
      );
      expect(warnings).toEqual([]);
      expect(sources).toContain('runtime/attention/attention.ts');
      expect(sources.filter(source => LANGUAGE.test(source))).toEqual([]);
      expect(text).not.toMatch(/langium|chevrotain|vscode/i);
      expect(text.length).toBeLessThan(attendLimit);
      if (platform === 'browser') expect(text).not.toMatch(/["']node:/);
    },
  );

  test('parse has the language, and the rest too when it is used', async () => {
    const { sources } = await bundled(
      "import { parse } from 'sparse-attention';\nconsole.log(await parse(''));",
      platform,
    );
    expect(sources.some(source => LANGUAGE.test(source))).toBe(true);
    expect(sources).not.toContain('runtime/attention/attention.ts');
  });

  test('exportMask has neither the language nor what runs kernels', async () => {
    const { sources } = await bundled(
      "import { exportMask } from 'sparse-attention';\nconsole.log(exportMask(JSON.parse(model), { format: 'npy' }));",
      platform,
    );
    expect(sources).toContain('runtime/export/npy.ts');
    expect(sources.filter(source => LANGUAGE.test(source))).toEqual([]);
    // The format `wgsl` is one kernel as text, and its plan.
    const ofWgsl = ['wgsl/common.ts', 'wgsl/simt.ts', 'simt-shapes.ts', 'placement.ts', 'schedule.ts'];
    expect(sources.filter(source => source.startsWith('runtime/attention/')).sort()).toEqual(
      ofWgsl.map(name => `runtime/attention/gpu/${name}`).sort(),
    );
  });
});
