// Checks every kernel of the graphics device of this machine, and what it chooses by content:
//   npm run test:gpu [-- SEED [RANDOM PROBLEMS]]
//   node scripts/test-gpu.mjs --bundle-only FILE    leaves a script for a machine that has only the package `webgpu`
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { projectRoot } from './project-root.mjs';

const bundleOnly = process.argv[2] === '--bundle-only' ? process.argv[3] : undefined;
// Inside the project, where the bundle finds the package that brings WebGPU.
const scratch = bundleOnly === undefined ? mkdtempSync(path.join(projectRoot, 'node_modules/.test-gpu-')) : '';
if (scratch !== '') process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const outfile = bundleOnly ?? path.join(scratch, 'device-check.mjs');
await build({
  entryPoints: [path.join(projectRoot, 'test/runtime/attention/device-check.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['webgpu'],
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';const require=makeRequire(import.meta.url);",
  },
  logLevel: 'error',
});
if (bundleOnly === undefined) {
  const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
