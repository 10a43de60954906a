import * as vscode from 'vscode';
import { WorkspaceFilesRequest } from '../server/protocol.ts';
import type { RestartableClient } from './restartable-client.ts';

/** More files than that are not looked into. */
const MOST_FILES = 2000;

/** Tells the server which `.sparse` files the workspace has: for references, renaming and symbols in closed ones. */
export function offerWorkspaceFiles(client: RestartableClient): vscode.Disposable {
  return client.onRequest(WorkspaceFilesRequest, async (_params, token) => {
    const uris = await vscode.workspace.findFiles('**/*.sparse', '**/node_modules/**', MOST_FILES, token);
    return uris.map(uri => uri.toString());
  });
}
