import type * as vscode from 'vscode';
import type { FilePlaces } from './export/put-in-place.ts';
import type { RunExport, RunJob } from './jobs/run-job.ts';

/** What the desktop and the web do in different ways. */
export interface HostAbilities {
  readonly runJob: RunJob;
  readonly runExport: RunExport;
  /** Where exports are written to. */
  readonly places: FilePlaces<vscode.Uri>;
}
