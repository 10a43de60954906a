import * as vscode from 'vscode';
import type { ExportedFile } from '../../runtime/export/request.ts';
import { LIBRARY_SCHEME } from '../../server/protocol.ts';
import type { MoveFile } from '../host-abilities.ts';

/** A file and what comes into it. */
export interface PlacedFile {
  readonly place: vscode.Uri;
  readonly bytes: Uint8Array;
}

/** Where the files of an export lie: the one that was chosen, and the others beside it under its name. */
export function placesOf(file: vscode.Uri, files: readonly [ExportedFile, ...ExportedFile[]]): PlacedFile[] {
  const [main, ...others] = files;
  return [
    { place: file, bytes: main.bytes },
    ...others.map(({ extension, bytes }) => ({ place: besides(file, extension), bytes })),
  ];
}

/** The file of the same name with another extension, in the same folder. */
function besides(file: vscode.Uri, extension: string): vscode.Uri {
  const name = nameOf(file);
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  if (name === `${stem}.${extension}`)
    throw new Error(
      `This format writes a second file with the ending .${extension}; choose another one for the first.`,
    );
  return vscode.Uri.joinPath(file, '..', `${stem}.${extension}`);
}

/** The last part of a path. */
export function nameOf(file: vscode.Uri): string {
  return file.path.slice(file.path.lastIndexOf('/') + 1);
}

/** Beside the file; in the workspace when the file itself lies in no folder. */
export function folderOf(uri: vscode.Uri): vscode.Uri | undefined {
  return uri.scheme === 'untitled' || uri.scheme === LIBRARY_SCHEME
    ? vscode.workspace.workspaceFolders?.[0]?.uri
    : vscode.Uri.joinPath(uri, '..');
}

/** The dialog asks for the file that was chosen; nobody has asked for one beside it. */
export async function mayReplace({ place }: PlacedFile): Promise<boolean> {
  if (!(await exists(place))) return true;
  const replace = 'Replace';
  const detail = 'The export consists of two files of one name.';
  return (
    (await vscode.window.showWarningMessage(`${place.path} exists already.`, { modal: true, detail }, replace)) ===
    replace
  );
}

async function exists(file: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(file);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes files whole or not at all: each under another name first, in the same folder, and renamed when all are there. What
 * the first file refers to is in its place before it.
 */
export async function writeFiles(files: readonly PlacedFile[], moveFile: MoveFile): Promise<void> {
  const { fs } = vscode.workspace;
  const written: { readonly place: vscode.Uri; readonly temporary: vscode.Uri }[] = [];
  let current = files[0]?.place;
  try {
    for (const { place, bytes } of files) {
      current = place;
      const unique = Math.random().toString(36).slice(2, 10);
      const temporary = vscode.Uri.joinPath(place, '..', `.${nameOf(place)}.${unique}.tmp`);
      written.push({ place, temporary });
      await fs.writeFile(temporary, bytes);
    }
    for (const { place, temporary } of [...written].reverse()) {
      current = place;
      await moveFile(temporary, place);
    }
  } catch (error) {
    for (const { temporary } of written) await Promise.resolve(fs.delete(temporary)).catch(() => undefined);
    throw new Error(
      `${current?.path} cannot be written: ${error instanceof Error ? error.message : String(error)} Choose another folder.`,
    );
  }
}
