import { defineConfig } from 'vitest/config';

/** The same scenarios in each editor; `--project` chooses, and `npm test` runs web and server. */
export default defineConfig({
  test: {
    projects: ['web', 'server', 'desktop'].map(name => ({
      test: {
        name,
        include: ['test/extension/**/*.test.ts'],
        globalSetup: ['test/extension/global-setup.ts'],
        // One editor at a time: each one fills two cores.
        fileParallelism: false,
        testTimeout: 60_000,
        hookTimeout: 180_000,
      },
    })),
  },
});
