import * as vscode from 'vscode';
import { diskPlaces } from './disk.node.ts';
import type { FilePlaces } from './put-in-place.ts';
import { workspacePlaces } from './workspace-places.ts';

const disk = diskPlaces();

/**
 * Files of an extension host of Node: those of the disk are written to piece by piece and renamed at once, so that whoever reads
 * finds the old file or the new one; all others through VS Code.
 */
export const hostPlaces: FilePlaces<vscode.Uri> = {
  unused: place => (isOnDisk(place) ? vscode.Uri.file(disk.unused(place.fsPath)) : workspacePlaces.unused(place)),
  write: (place, file) => (isOnDisk(place) ? disk.write(place.fsPath, file) : workspacePlaces.write(place, file)),
  move: (from, to) => (isOnDisk(from) ? disk.move(from.fsPath, to.fsPath) : workspacePlaces.move(from, to)),
  keep: (place, copy) => (isOnDisk(place) ? disk.keep(place.fsPath, copy.fsPath) : workspacePlaces.keep(place, copy)),
  remove: place => (isOnDisk(place) ? disk.remove(place.fsPath) : workspacePlaces.remove(place)),
};

function isOnDisk({ scheme }: vscode.Uri): boolean {
  return scheme === 'file';
}
