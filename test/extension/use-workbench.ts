import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { type HostOptions, openHost } from './host.ts';
import { Workbench } from './workbench.ts';

/**
 * Opens the editor of this run for all tests of a file, and closes it after them. A test that fails leaves a screenshot.
 *
 * @returns a function, because the editor does not exist before the first test runs
 */
export function useWorkbench(options: Omit<HostOptions, 'kind' | 'executable'> = {}): () => Workbench {
  let workbench: Workbench | undefined;
  beforeAll(async () => {
    workbench = new Workbench(
      await openHost({ ...options, kind: inject('hostKind'), executable: inject('executable') }),
    );
  });
  beforeEach(context => {
    context.onTestFailed(async ({ task }) => {
      await workbench?.recordFailure(task.name);
    });
  });
  afterAll(async () => {
    await workbench?.close();
  });
  return () => {
    if (workbench === undefined) throw new Error('The editor did not open');
    return workbench;
  };
}
