import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Script } from 'node:vm';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node.js';
import { packageExtension } from '../../scripts/package.mjs';

const expectedFiles = [
  '[Content_Types].xml',
  'extension.vsixmanifest',
  'extension/LICENSE.txt',
  'extension/dist/compute-worker.js',
  'extension/dist/draw-worker.js',
  'extension/dist/extension.cjs',
  'extension/dist/extension.web.cjs',
  'extension/dist/job-worker.js',
  'extension/dist/run-process.cjs',
  'extension/dist/server.cjs',
  'extension/dist/server.web.js',
  'extension/dist/tile-drawer.js',
  'extension/dist/webview/beside-picture.js',
  'extension/dist/webview/chunk.js',
  'extension/dist/webview/main.css',
  'extension/dist/webview/main.js',
  ...readdirSync(path.join(import.meta.dirname, '../../docs/diagnostics')).map(
    name => `extension/docs/diagnostics/${name}`,
  ),
  'extension/media/walkthrough/check.md',
  'extension/media/walkthrough/open.md',
  'extension/media/walkthrough/preview.md',
  'extension/media/walkthrough/run.md',
  'extension/package.json',
  'extension/readme.md',
  'extension/syntaxes/language-configuration.json',
  'extension/syntaxes/sparse.tmLanguage.json',
];

/** Bytes; what a change adds to the download should be noticed. */
const sizeLimit = 1_450_000;

let folder = '';
let files: Record<string, Uint8Array> = {};

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sparse-vsix-'));
  files = unzipSync(readFileSync(packageExtension(path.join(folder, 'extension.vsix'))));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function text(name: string): string {
  const bytes = files[`extension/${name}`];
  if (bytes === undefined) throw new Error(`The package has no ${name}`);
  return strFromU8(bytes);
}

describe('the package', () => {
  test('holds what runs and nothing else', () => {
    expect(Object.keys(files).sort()).toEqual([...expectedFiles].sort());
  });

  test(`is smaller than ${sizeLimit} bytes`, () => {
    expect(statSync(path.join(folder, 'extension.vsix')).size).toBeLessThan(sizeLimit);
  });

  test('has every file its manifest names', () => {
    const manifest: {
      main: string;
      browser: string;
      contributes: {
        languages: { configuration: string }[];
        grammars: { path: string }[];
        walkthroughs: { steps: { media: { markdown: string } }[] }[];
      };
    } = JSON.parse(text('package.json'));
    const named = [
      manifest.main,
      manifest.browser,
      ...manifest.contributes.languages.map(each => each.configuration),
      ...manifest.contributes.grammars.map(each => each.path),
      ...manifest.contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown)),
    ];
    for (const file of named) expect(text(path.posix.normalize(file)).length, file).toBeGreaterThan(0);
  });

  test.each(['dist/tile-drawer.js', 'dist/webview/chunk.js', 'dist/webview/main.js', 'dist/webview/main.css'])(
    '%s can stand in a page',
    name => {
      // What ends a script, or has its end overlooked.
      expect(text(name)).not.toMatch(/<\/(script|style)|<!--|<script/i);
    },
  );

  test('what travels in the page imports what the page says where it is, and nothing else', () => {
    const names = ['main', 'chunk', 'beside-picture'].flatMap(each => {
      const all = text(`dist/webview/${each}.js`).matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g);
      return [...all].map(([, name]) => name);
    });
    expect([...new Set(names)].sort()).toEqual(['sparse:/beside-picture.js', 'sparse:/chunk.js']);
    // The first picture waits for none of this.
    for (const each of ['main', 'chunk'])
      expect(text(`dist/webview/${each}.js`)).not.toMatch(/uPlot|vscode-textfield-/);
    const inPage = ['dist/tile-drawer.js', 'dist/webview/chunk.js', 'dist/webview/main.js', 'dist/webview/main.css'];
    expect(inPage.reduce((sum, each) => sum + text(each).length, 0)).toBeLessThan(300_000);
  });

  test('has no source maps', () => {
    for (const name of Object.keys(files).filter(each => /\.c?js$/.test(each))) {
      expect(strFromU8(files[name]!), name).not.toContain('sourceMappingURL=');
    }
  });

  test.each([
    'dist/extension.cjs',
    'dist/extension.web.cjs',
    'dist/server.cjs',
    'dist/server.web.js',
    'dist/draw-worker.js',
    'dist/tile-drawer.js',
    'dist/job-worker.js',
  ])('%s is a script that can be read', name => {
    expect(() => new Script(text(name), { filename: name })).not.toThrow();
  });

  test.each([
    ['dist/extension.web.cjs', ['vscode']],
    ['dist/server.web.js', []],
    ['dist/draw-worker.js', []],
    ['dist/tile-drawer.js', []],
    ['dist/job-worker.js', []],
    ['dist/webview/beside-picture.js', []],
    ['dist/webview/chunk.js', []],
    ['dist/webview/main.js', []],
  ])('%s needs nothing that a browser lacks', (name, allowed) => {
    // Not `module.require`, which lodash asks for and does without.
    const required = [...text(name).matchAll(/(?<!\.)\brequire\(\s*["']([^"']+)["']\s*\)/g)].map(match => match[1]);
    expect([...new Set(required)]).toEqual(allowed);
    expect(text(name)).not.toMatch(/\bfrom\s*["']node:/);
  });
});

test('the packaged language server starts, and finds a mistake', async () => {
  const script = path.join(folder, 'server.cjs');
  writeFileSync(script, text('dist/server.cjs'));
  const server = spawn(process.execPath, [script, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const connection = createMessageConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  try {
    const uri = 'file:///nowhere/broken.sparse';
    const mistakes = new Promise<string[]>(resolve => {
      connection.onNotification('textDocument/publishDiagnostics', (found: { diagnostics: { message: string }[] }) => {
        if (found.diagnostics.length > 0) resolve(found.diagnostics.map(each => each.message));
      });
    });
    // The server asks the client for its settings and for files; this one has neither.
    connection.onRequest('workspace/configuration', (asked: { items: unknown[] }) => asked.items.map(() => null));
    connection.onRequest('client/registerCapability', () => null);
    connection.onRequest('sparse/readFile', () => null);
    connection.listen();
    await connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: {},
      workspaceFolders: null,
    });
    await connection.sendNotification('initialized', {});
    await connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'sparse', version: 1, text: 'pattern mine = windwo(8)\n' },
    });
    expect((await mistakes).join('\n')).toContain('windwo');
  } finally {
    connection.dispose();
    server.kill();
  }
});
