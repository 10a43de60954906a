import * as vscode from 'vscode';
import type { RunJob } from './jobs/run-job.ts';
import type { RunPort, RunPortEvents } from './run/run-client.ts';

/** Puts a file in the place of another one, in the same folder. */
export type MoveFile = (from: vscode.Uri, to: vscode.Uri) => Promise<void>;

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
  readonly moveFile: MoveFile;
  /** Absent in a browser. */
  readonly runs?: RunsInHost;
}

/** Through VS Code, which on a disk deletes what was there before it renames: for a moment there is no file. */
export const moveInWorkspace: MoveFile = async (from, to) => vscode.workspace.fs.rename(from, to, { overwrite: true });
