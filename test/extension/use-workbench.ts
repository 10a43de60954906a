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
    const open = () => openHost({ ...options, kind: inject('hostKind'), executable: inject('executable') });
    // As a test is tried again, for the same reasons; a preparation that fails would take all tests of the file with it.
    const host = await open().catch(error => {
      console.error(`The editor did not start, so it is started again: ${error}`);
      return open();
    });
    workbench = new Workbench(host);
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
