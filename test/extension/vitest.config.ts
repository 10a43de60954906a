import { defineConfig } from 'vitest/config';

/**
 * The same scenarios in each editor; `--project` chooses, and `npm test` runs web and server. The project `screenshots`
 * checks nothing: it makes the README's pictures; `bench` measures how soon the preview shows what was asked for.
 */
export default defineConfig({
  test: {
    projects: [
      ...['web', 'server', 'desktop'].map(name => ({ name, include: 'test/extension/**/*.test.ts' })),
      { name: 'screenshots', include: 'test/extension/**/*.shot.ts' },
      { name: 'bench', include: 'test/extension/**/*.bench.ts' },
    ].map(({ name, include }) => ({
      test: {
        name,
        include: [include],
        exclude: [
          // Only the VS Code server can be told not to trust a folder.
          ...(name === 'server' ? [] : ['test/extension/restricted.test.ts']),
          // Need a browser and no editor, so once is enough.
          ...(name === 'web'
            ? []
            : [
                'test/extension/determinism.test.ts',
                'test/extension/preview-page*.test.ts',
                'test/extension/preview-runs.test.ts',
              ]),
          // A desktop takes no folder that an extension serves from its command line.
          ...(name === 'desktop' ? ['test/extension/virtual-workspace.test.ts'] : []),
          // Serves this editor itself.
          ...(name === 'web' ? [] : ['test/extension/start.test.ts']),
        ],
        globalSetup: ['test/extension/global-setup.ts'],
        // One editor at a time: each one fills two cores.
        fileParallelism: false,
        isolate: false,
        testTimeout: 120_000,
        // A real editor takes the focus, shows a tooltip or lays out anew at moments of its own.
        retry: 2,
        // Twice as long as an editor has to start: see useWorkbench.
        hookTimeout: 420_000,
      },
    })),
  },
});
