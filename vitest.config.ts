import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests that put something else in place of a module (`vi.mock`), for which they need modules of their own. */
const replacingModules = ['runtime', 'server', 'client'].flatMap(folder =>
  readdirSync(path.join(import.meta.dirname, 'test', folder), { recursive: true, encoding: 'utf8' })
    .map(name => path.posix.join('test', folder, name.replaceAll(path.sep, '/')))
    .filter(name => name.endsWith('.test.ts'))
    .filter(name => readFileSync(path.join(import.meta.dirname, name), 'utf8').includes('vi.mock(')),
);

/** Everything that needs no editor. The tests inside VS Code have a configuration of their own, in test/extension. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{runtime,server,client}/**/*.test.ts'],
          exclude: replacingModules,
          // Loading the language and the compiler anew for each file costs as much as a quarter of the tests.
          isolate: false,
          // Property tests take seconds on an idle machine and many times that on a busy one.
          testTimeout: 180_000,
        },
      },
      { test: { name: 'isolated', include: replacingModules } },
      {
        test: {
          name: 'packaging',
          include: ['test/packaging/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
