// A hundred thousand random expressions, at random lengths and tiles, against the definition of the language. Takes
// tens of minutes; a failure prints its seed, with which fast-check repeats it.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ensureInstalled } from './ensure.mjs';
import { projectRoot } from './project-root.mjs';

ensureInstalled();
const { status } = spawnSync(
  process.execPath,
  [
    path.join(projectRoot, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    'unit',
    'test/runtime/compile/plan.test.ts',
  ],
  {
    cwd: projectRoot,
    stdio: 'inherit',
    env: { ...process.env, SPARSE_TEST_RUNS: process.env.SPARSE_TEST_RUNS ?? '100000' },
  },
);
process.exitCode = status ?? 1;
