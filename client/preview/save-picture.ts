import * as vscode from 'vscode';
import { offerNext } from '../commands/export-done.ts';
import { folderOf, writeFiles } from '../commands/export-files.ts';
import type { HostAbilities } from '../host-abilities.ts';
import type { PictureFormat } from './messages.ts';

/** Writes a picture to a file that the user chooses, and says so. */
export type SavePicture = (
  of: vscode.Uri,
  picture: { readonly name: string; readonly format: PictureFormat; readonly bytes: Uint8Array },
) => Promise<void>;

const KEY = 'sparse.pictureFolder';
const TITLES: Readonly<Record<PictureFormat, string>> = { png: 'PNG picture', svg: 'SVG picture' };

/** Saves pictures, in the folder of the last one or beside the file that they are of. */
export function pictureSaver(state: vscode.Memento, places: HostAbilities['places']): SavePicture {
  return async (of, { name, format, bytes }) => {
    try {
      const last = state.get<string>(KEY);
      const folder = last === undefined ? folderOf(of) : vscode.Uri.parse(last);
      const place = await vscode.window.showSaveDialog({
        title: `Save the Picture of ${name}`,
        ...(folder && { defaultUri: vscode.Uri.joinPath(folder, `${name}.${format}`) }),
        filters: { [TITLES[format]]: [format] },
      });
      if (place === undefined) return;
      await writeFiles([{ place, size: bytes.length, contents: [bytes] }], [], places);
      await state.update(KEY, vscode.Uri.joinPath(place, '..').toString());
      await offerNext(place, format, { addedPairs: 0, left: undefined });
    } catch (error) {
      void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
    }
  };
}
