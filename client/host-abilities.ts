import * as vscode from 'vscode';
import type { RunJob } from './jobs/run-job.ts';

/** Puts a file in the place of another one, in the same folder. */
export type MoveFile = (from: vscode.Uri, to: vscode.Uri) => Promise<void>;

/** What the desktop and the web do in different ways. */
export interface HostAbilities {
  readonly runJob: RunJob;
  readonly moveFile: MoveFile;
}

/** Through VS Code, which on a disk deletes what was there before it renames: for a moment there is no file. */
export const moveInWorkspace: MoveFile = async (from, to) => vscode.workspace.fs.rename(from, to, { overwrite: true });
