import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const projectRoot = path.resolve(import.meta.dirname, '../..');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sparse-script-'));
  writeFileSync(path.join(folder, 'good.sparse'), 'pattern mine = window(8)\n');
  writeFileSync(path.join(folder, 'bad.sparse'), 'pattern mine = windwo(8)\n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As a person does, in a folder of their own, through npm. */
function sparse(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('npm', ['--prefix', projectRoot, 'run', '-s', 'sparse', '--', ...args], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
}

test('npm run -s sparse has nothing but the result on stdout', () => {
  const { status, stdout, stderr } = sparse('stats', 'good.sparse', '--of', 'mine', '--tokens', '100', '--json');
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ tokens: 100, pairs: 100 * 9 - 2 * (1 + 2 + 3 + 4) });
});

test('npm run -s sparse keeps the exit code', () => {
  const { status, stdout, stderr } = sparse('check', 'bad.sparse');
  expect(status, stderr).toBe(1);
  expect(stdout + stderr).toContain('windwo');
  expect(sparse('no-such-command').status).toBe(2);
});
