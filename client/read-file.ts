import * as vscode from 'vscode';
import { tooLarge } from '../runtime/export/read-mask-file.ts';
import { toBase64 } from '../runtime/tensor/base64.ts';
import type { ReadFileParams, ReadFileResult } from '../server/protocol.ts';

/** Answers the server, which has no files of its own, for imports and mask files. */
export async function readFile(
  { uri, mostBytes }: ReadFileParams,
  log: vscode.LogOutputChannel,
): Promise<ReadFileResult> {
  const resource = vscode.Uri.parse(uri);
  try {
    return mostBytes === undefined ? await readText(resource) : await readBytes(resource, mostBytes);
  } catch (error) {
    log.debug(`${uri} cannot be read: ${error instanceof Error ? error.message : error}`);
    return { missing: true };
  }
}

/** The text as the editor has it, where the file is open. */
async function readText(resource: vscode.Uri): Promise<ReadFileResult> {
  const open = vscode.workspace.textDocuments.find(document => document.uri.toString() === resource.toString());
  return { text: open?.getText() ?? new TextDecoder().decode(await vscode.workspace.fs.readFile(resource)) };
}

async function readBytes(resource: vscode.Uri, most: number): Promise<ReadFileResult> {
  // A file that somebody else wrote may name any other one.
  if (!vscode.workspace.isTrusted && vscode.workspace.getWorkspaceFolder(resource) === undefined)
    return { problem: 'it is outside the workspace, which is not trusted' };
  const { type, size } = await vscode.workspace.fs.stat(resource);
  if ((type & vscode.FileType.Directory) !== 0) return { problem: 'it is a folder' };
  // A pipe may never end.
  if ((type & vscode.FileType.File) === 0) return { problem: 'it is no ordinary file' };
  if (size > most) return { problem: tooLarge(most) };
  return { base64: toBase64(await vscode.workspace.fs.readFile(resource)) };
}
