import * as vscode from 'vscode';
import type { FormatName } from '../../runtime/export/format-names.ts';
import { isSecondFile, SECOND_FILE_START } from '../../runtime/export/second-file.ts';
import { LIBRARY_SCHEME } from '../../server/protocol.ts';
import { type PlacedFile, PlaceError, putInPlace } from '../export/put-in-place.ts';
import type { StreamedExport, StreamedFile } from '../export/streamed-export.ts';
import { exists } from '../export/workspace-places.ts';
import type { HostAbilities } from '../host-abilities.ts';

/** How an export says what part of it, from 0 to 1, has been written since it said so last. */
export type SayWritten = (share: number) => void;

/** What is done with files that nobody has asked about: those beside the chosen one. */
export type Others = 'ask' | 'replace';

/** What became of an export. */
export interface WrittenExport {
  readonly addedPairs: number;
  /** A file where formats of this kind put a second one, which this mask does not need; it stays. */
  readonly left: vscode.Uri | undefined;
}

/**
 * Writes an export: the file that was chosen and the others beside it, all or none. A second file that an earlier export left
 * and this one has nothing for goes away. Undefined when somebody did not want a file replaced.
 */
export async function writeExport(
  { files, addedPairs }: StreamedExport,
  { id, beside }: FormatName,
  chosen: vscode.Uri,
  others: Others,
  places: HostAbilities['places'],
  said: SayWritten,
): Promise<WrittenExport | undefined> {
  const total = files.reduce((sum, { size = Number.NaN }) => sum + size, 0);
  const placed = files.map((file, at) => ({
    place: at === 0 ? chosen : besides(chosen, file.extension),
    size: file.size,
    contents: Number.isNaN(total) ? file.contents : counted(file, total, said),
  }));
  for (const { place } of placed.slice(1)) if (others === 'ask' && !(await mayReplace(place))) return undefined;
  const second = beside === undefined || files.length > 1 ? undefined : besides(chosen, beside);
  const old = second !== undefined && (await exists(second)) ? second : undefined;
  const isStale =
    old !== undefined && isSecondFile(id, await startOf(old)) && (others === 'replace' || (await mayRemove(old)));
  await writeFiles(placed, old !== undefined && isStale ? [old] : [], places);
  return { addedPairs, left: isStale ? undefined : old };
}

/** Puts files in their places, as `putInPlace`; an error says which file cannot be written. */
export async function writeFiles(
  files: readonly PlacedFile<vscode.Uri>[],
  stale: readonly vscode.Uri[],
  places: HostAbilities['places'],
): Promise<void> {
  try {
    await putInPlace(files, stale, places);
  } catch (error) {
    if (!(error instanceof PlaceError)) throw error;
    throw new Error(`${(error.place as vscode.Uri).path} cannot be written: ${error.message} Choose another folder.`);
  }
}

async function* counted({ contents }: StreamedFile, total: number, said: SayWritten): AsyncGenerator<Uint8Array, void> {
  for await (const piece of contents) {
    yield piece;
    said(piece.length / total);
  }
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
async function mayReplace(place: vscode.Uri): Promise<boolean> {
  if (!(await exists(place))) return true;
  const replace = 'Replace';
  const detail = 'The export consists of two files of one name.';
  return (
    (await vscode.window.showWarningMessage(`${place.path} exists already.`, { modal: true, detail }, replace)) ===
    replace
  );
}

/** Whoever loads the new file might take the old one for a part of it. */
async function mayRemove(place: vscode.Uri): Promise<boolean> {
  const remove = 'Remove';
  const detail = 'An earlier export wrote it. This mask needs no second file.';
  const text = `${place.path} is not part of this export.`;
  return (await vscode.window.showWarningMessage(text, { modal: true, detail }, remove)) === remove;
}

/** Enough of a file to recognise it; VS Code reads whole files, so that larger ones are nobody's. */
async function startOf(file: vscode.Uri): Promise<Uint8Array> {
  const { size } = await vscode.workspace.fs.stat(file);
  if (size > LARGEST) return new Uint8Array();
  return (await vscode.workspace.fs.readFile(file)).subarray(0, SECOND_FILE_START);
}

const LARGEST = 2 ** 28;
