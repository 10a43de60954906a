import { defineConfig } from 'vitest/config';

/** Everything that needs no editor. The tests inside VS Code have a configuration of their own, in test/extension. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{runtime,server,client}/**/*.test.ts'],
          // Property tests take seconds on an idle machine and many times that on a busy one.
          testTimeout: 180_000,
        },
      },
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
