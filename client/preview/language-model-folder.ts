import * as vscode from 'vscode';
import { readConfiguration } from '../../runtime/language-model/configuration.ts';
import { findFiles } from '../find-files.ts';
import type { LanguageModelFiles } from './messages.ts';

/** More would not fit into the page together with what is computed from it. */
const MOST_BYTES = 2 ** 29;
/** Folders of the workspace that are offered. */
const MOST_OFFERED = 20;

/** The files of a language model; why they cannot be had; or null when the user picked none. */
export type PickedLanguageModel = LanguageModelFiles | { readonly problem: string } | null;

/** Offers the language models of the workspace, and any other folder, and reads the one that is picked. */
export async function pickLanguageModel(): Promise<PickedLanguageModel> {
  const texts = await findFiles(['heldout.txt'], MOST_OFFERED);
  const folders = texts.map(text => vscode.Uri.joinPath(text, '..'));
  const other = { label: 'Other Folder...', folder: undefined };
  const items = folders.map(folder => ({
    label: nameOf(folder),
    description: vscode.workspace.asRelativePath(folder),
    folder,
  }));
  const picked =
    items.length === 0
      ? other
      : await vscode.window.showQuickPick([...items, other], {
          title: 'Language Model',
          placeHolder: 'A folder with config.json, model.safetensors and heldout.txt',
        });
  if (picked === undefined) return null;
  const folder = picked.folder ?? (await otherFolder());
  return folder === undefined ? null : readLanguageModel(folder);
}

async function otherFolder(): Promise<vscode.Uri | undefined> {
  const picked = await vscode.window.showOpenDialog({
    title: 'Folder of a language model: config.json, model.safetensors, heldout.txt',
    openLabel: 'Use',
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: false,
  });
  return picked?.[0];
}

async function readLanguageModel(folder: vscode.Uri): Promise<PickedLanguageModel> {
  const name = nameOf(folder);
  try {
    const configuration = new TextDecoder().decode(await read(folder, 'config.json'));
    // Of another architecture nothing more needs to be read.
    readConfiguration(configuration);
    const weights = await read(folder, 'model.safetensors');
    const text = await read(folder, 'heldout.txt');
    return { name, configuration, weights, text };
  } catch (error) {
    return {
      problem: `${name} is no language model that can be used: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

async function read(folder: vscode.Uri, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const uri = vscode.Uri.joinPath(folder, name);
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > MOST_BYTES)
    throw new Error(
      `${name} has ${Math.ceil(size / 2 ** 20)} MiB; the preview reads up to ${MOST_BYTES / 2 ** 20} MiB. The command line reads more: sparse quality --model`,
    );
  // An array of its own: what is a view of a larger one would travel as a whole.
  return new Uint8Array(await vscode.workspace.fs.readFile(uri));
}

function nameOf(folder: vscode.Uri): string {
  return folder.path.split('/').filter(Boolean).pop() ?? folder.path;
}
