import type * as vscode from 'vscode';
import { WorkspaceFilesRequest } from '../server/protocol.ts';
import { findFiles } from './find-files.ts';
import type { RestartableClient } from './restartable-client.ts';

/** More files than that are not looked into. */
const MOST_FILES = 2000;

/**
 * Tells the server which files the workspace has: `.sparse` ones for references, renaming and symbols in those that are
 * closed, mask files for completion.
 */
export function offerWorkspaceFiles(client: RestartableClient): vscode.Disposable {
  return client.onRequest(WorkspaceFilesRequest, async ({ extensions = ['.sparse'] }, token) => {
    const uris = await findFiles(extensions, MOST_FILES, token);
    return uris.map(uri => uri.toString());
  });
}
