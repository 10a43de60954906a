// Checks every kernel of the graphics device of this machine, and what it chooses by content and measures:
//   npm run test:gpu [-- SEED [RANDOM PROBLEMS]]
//   npm run test:gpu -- --bundle-only FOLDER   leaves the checks there, for a machine that has the package `webgpu` alone
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { projectRoot } from './project-root.mjs';

/** What is checked, by the name of the bundle. */
const CHECKS = {
  attention: 'test/runtime/attention/device-check.ts',
  quality: 'test/runtime/analyse/quality/device-check.ts',
};

const options = process.argv.slice(2);
const only = options[0] === '--bundle-only' ? path.resolve(options[1] ?? '.') : undefined;
// Inside the project, where the bundle finds the package that brings WebGPU.
const folder = only ?? mkdtempSync(path.join(projectRoot, 'node_modules/.test-gpu-'));
if (only === undefined) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
else mkdirSync(folder, { recursive: true });
const bundleOf = name => path.join(folder, `${name}-check.mjs`);
for (const [name, source] of Object.entries(CHECKS)) {
  await build({
    entryPoints: [path.join(projectRoot, source)],
    outfile: bundleOf(name),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['webgpu'],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module';const require=makeRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
}
let failed = 0;
if (only === undefined)
  for (const name of Object.keys(CHECKS)) {
    const { status } = spawnSync(process.execPath, [bundleOf(name), ...options], { stdio: 'inherit' });
    if (status !== 0) failed++;
  }
process.exitCode = failed > 0 ? 1 : 0;
