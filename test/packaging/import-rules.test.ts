import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const projectRoot = path.resolve(import.meta.dirname, '../..');
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sparse-rules-'));
  symlinkSync(path.join(projectRoot, 'node_modules'), path.join(folder, 'node_modules'));
  symlinkSync(path.join(projectRoot, 'package.json'), path.join(folder, 'package.json'));
  // Something of everything that the wrong imports below reach for.
  write('runtime/plan.ts', 'export const plan = 1;');
  write('runtime/host.node.ts', "import { readFileSync } from 'node:fs';\nexport const host = readFileSync;");
  write('server/protocol.ts', 'export interface Protocol {}\nexport const request = 1;');
  write('server/language.ts', "import { plan } from '../runtime/plan.ts';\nexport const language = plan;");
  write('server/scope.ts', 'export interface Scope {}\nexport const scope = 1;');
  write(
    'client/features.ts',
    "import type { Protocol } from '../server/protocol.ts';\nexport type Feature = Protocol;",
  );
  write('client/cli/main.ts', "import { language } from '../../server/language.ts';\nexport const cli = language;");
  write('test/arbitrary.ts', 'export const arbitrary = 1;');
  write('scripts/build.mjs', 'export const build = 1;');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), `${text}\n`);
}

/** Names of the rules that the tree in `folder` breaks, each with the file. */
function brokenRules(): string[] {
  const cruiser = path.join(projectRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = path.join(projectRoot, '.dependency-cruiser.cjs');
  const result = spawnSync(
    process.execPath,
    [cruiser, '--config', config, '--output-type', 'json', 'runtime', 'server', 'client'],
    { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  const report: { summary: { violations: { from: string; rule: { name: string } }[] } } = JSON.parse(result.stdout);
  return report.summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`);
}

test('a tree that keeps the rules passes', () => {
  expect(brokenRules()).toEqual([]);
});

test.each([
  ['runtime-stands-alone', 'runtime/x.ts', "import { scope } from '../server/scope.ts';\nexport const x = scope;"],
  ['runtime-stands-alone', 'runtime/x.ts', "import type { Scope } from '../server/scope.ts';\nexport type X = Scope;"],
  ['runtime-stands-alone', 'runtime/x.ts', "export const x = () => import('../client/features.ts');"],
  ['runtime-without-packages', 'runtime/x.ts', "import { LitElement } from 'lit';\nexport const x = LitElement;"],
  ['runtime-without-vscode', 'runtime/x.ts', "import * as vscode from 'vscode';\nexport const x = vscode;"],
  ['runtime-without-vscode', 'server/x.ts', "import type { Uri } from 'vscode';\nexport type X = Uri;"],
  ['runtime-without-node', 'runtime/x.ts', "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;"],
  ['runtime-without-node', 'runtime/x.ts', "import path from 'path';\nexport const x = path;"],
  ['adapters-are-injected', 'runtime/x.ts', "import { host } from './host.node.ts';\nexport const x = host;"],
  [
    'server-knows-the-runtime-only',
    'server/x.ts',
    "import type { Feature } from '../client/features.ts';\nexport type X = Feature;",
  ],
  [
    'client-knows-the-protocol-only',
    'client/x.ts',
    "import { scope } from '../server/scope.ts';\nexport const x = scope;",
  ],
  ['client-knows-the-protocol-only', 'client/x.ts', "export type { Scope } from '../server/scope.ts';"],
  [
    'cli-knows-the-language-only',
    'client/cli/x.ts',
    "import { scope } from '../../server/scope.ts';\nexport const x = scope;",
  ],
  [
    'cli-knows-the-language-only',
    'client/api/parse.ts',
    "import { scope } from '../../server/scope.ts';\nexport const x = scope;",
  ],
  ['cli-without-the-editor', 'client/cli/x.ts', "import * as vscode from 'vscode';\nexport const x = vscode;"],
  ['cli-without-the-editor', 'client/api/x.ts', "import * as vscode from 'vscode';\nexport const x = vscode;"],
  [
    'attend-without-the-language',
    'client/api/attend.ts',
    "import { language } from '../../server/language.ts';\nexport const x = language;",
  ],
  [
    'pages-without-node',
    'client/api/index.web.ts',
    "import { host } from '../../runtime/host.node.ts';\nexport const x = host;",
  ],
  ['page-without-the-editor', 'client/webview/x.ts', "import * as vscode from 'vscode';\nexport const x = vscode;"],
  [
    'page-and-web-without-node',
    'client/webview/x.ts',
    "import { host } from '../../runtime/host.node.ts';\nexport const x = host;",
  ],
  [
    'nothing-needs-tests-or-scripts',
    'client/x.ts',
    "import { build } from '../scripts/build.mjs';\nexport const x = build;",
  ],
  [
    'nothing-needs-tests-or-scripts',
    'server/x.ts',
    "import { arbitrary } from '../test/arbitrary.ts';\nexport const x = arbitrary;",
  ],
  ['no-missing-files', 'server/x.ts', "import { y } from './nowhere.ts';\nexport const x = y;"],
])('%s is broken by %s', (rule, file, text) => {
  write(file, text);
  expect(brokenRules()).toContain(`${rule}: ${file}`);
});

test('no-cycles is broken by two files that need each other', () => {
  write('runtime/a.ts', "import { b } from './b.ts';\nexport const a = () => b;");
  write('runtime/b.ts', "import { a } from './a.ts';\nexport const b = () => a;");
  expect(brokenRules()).toContain('no-cycles: runtime/a.ts');
});
