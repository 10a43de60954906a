// Checks every kernel of the graphics device of this machine: npm run test:gpu [-- SEED [RANDOM PROBLEMS]]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { projectRoot } from './project-root.mjs';

// Inside the project, where the bundle finds the package that brings WebGPU.
const scratch = mkdtempSync(path.join(projectRoot, 'node_modules/.test-gpu-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const outfile = path.join(scratch, 'device-check.mjs');
await build({
  entryPoints: [path.join(projectRoot, 'test/runtime/attention/device-check.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['webgpu'],
  logLevel: 'error',
});
const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
