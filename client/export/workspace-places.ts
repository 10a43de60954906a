import * as vscode from 'vscode';
import type { FileContents, FilePlaces } from './put-in-place.ts';

/** VS Code takes a file in one piece, and passes it on between processes. */
const MOST = 2 ** 31;

/** Files through VS Code, wherever they are. On a disk it deletes what was there before it renames: for a moment there is no file. */
export const workspacePlaces: FilePlaces<vscode.Uri> = {
  unused: place => vscode.Uri.joinPath(place, '..', `.sparse-${Math.random().toString(36).slice(2, 10)}.tmp`),
  write: async (place, file) => vscode.workspace.fs.writeFile(place, await whole(file)),
  move: async (from, to) => vscode.workspace.fs.rename(from, to, { overwrite: true }),
  async keep(place, copy) {
    if (!(await exists(place))) return false;
    await vscode.workspace.fs.copy(place, copy);
    return true;
  },
  remove: async place => vscode.workspace.fs.delete(place),
};

export async function exists(file: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(file);
    return true;
  } catch {
    return false;
  }
}

async function whole({ size, contents }: FileContents): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  checkSize(size ?? 0);
  for await (const piece of contents) {
    pieces.push(piece);
    length += piece.length;
    checkSize(length);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function checkSize(size: number): void {
  if (size > MOST)
    throw new Error('Here VS Code takes a file in one piece, of at most 2 GiB. The command line writes larger ones.');
}
