import type * as vscode from 'vscode';
import type { FilePlaces } from './export/put-in-place.ts';
import type { RunExport, RunJob } from './jobs/run-job.ts';
import type { RunPort, RunPortEvents } from './run/run-client.ts';

/** Running attention in a process of the machine where extensions run. */
export interface RunsInHost {
  /** The module of the npm package `webgpu`, or why there is none; see find-dawn.node.ts. */
  findDawn(configured: string, folders: readonly string[]): { readonly file: string } | { readonly reason: string };
  start(dawn: string, events: RunPortEvents): RunPort;
  /** Tensors larger than this together are not tried; bytes. */
  readonly memoryLimit: number;
}

/** What the desktop and the web do in different ways. */
export interface HostAbilities {
  readonly runJob: RunJob;
  readonly runExport: RunExport;
  /** Where exports are written to. */
  readonly places: FilePlaces<vscode.Uri>;
  /** Absent in a browser. */
  readonly runs?: RunsInHost;
}
