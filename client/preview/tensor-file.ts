import * as vscode from 'vscode';
import type { TensorChoice } from '../../runtime/attention/layer-input.ts';
import { askTensors, type Pickable } from './ask-tensors.ts';
import type { TensorFile } from './messages.ts';

/** Files of tensors that can be read. */
const EXTENSIONS = ['safetensors', 'npz', 'npy'];
/** More would not fit into the page together with what is computed from it. */
const MOST_TENSOR_BYTES = 2 ** 29;

/** What a file of tensors holds; why it cannot be had; or null when the user picked none. */
export type PickedTensors = TensorFile | { readonly problem: string } | null;

/** What the user said of files, by their address: they are read again without being asked. */
const said = new Map<string, TensorChoice>();

/** Asks the user for a file of tensors, and for what it leaves open, and reads it. */
export async function pickTensorFile(beside: vscode.Uri): Promise<PickedTensors> {
  const picked = await vscode.window.showOpenDialog({
    title: 'Tensors q, k and v',
    openLabel: 'Use',
    canSelectMany: false,
    filters: { Tensors: EXTENSIONS },
    ...(beside.scheme === 'untitled' ? {} : { defaultUri: vscode.Uri.joinPath(beside, '..') }),
  });
  const uri = picked?.[0];
  if (uri === undefined) return null;
  const read = await readTensorFile(uri);
  if (read === null || 'problem' in read) return read;
  const tensors = await askTensors(read.bytes, pickOne);
  if (tensors === null) return null;
  said.set(read.uri, tensors);
  return { ...read, tensors };
}

async function pickOne<T extends Pickable>(title: string, items: readonly T[]): Promise<T | undefined> {
  return vscode.window.showQuickPick(items, { title, placeHolder: title, ignoreFocusOut: true });
}

/** Reads a file of tensors that the user picked. */
export async function readTensorFile(uri: vscode.Uri): Promise<PickedTensors> {
  const name = uri.path.split('/').pop() ?? uri.path;
  if (!EXTENSIONS.some(extension => name.toLowerCase().endsWith(`.${extension}`)))
    return { problem: `${name} is no file of tensors: pick a .safetensors, .npz or .npy file.` };
  try {
    const { size, type } = await vscode.workspace.fs.stat(uri);
    // A pipe may never end.
    if ((type & vscode.FileType.File) === 0) return { problem: `${name} is no ordinary file.` };
    if (size > MOST_TENSOR_BYTES)
      return {
        problem: `${name} has ${mebibytes(size)} MiB; the preview reads up to ${mebibytes(MOST_TENSOR_BYTES)} MiB. The command line has no limit: sparse run --input ${name}`,
      };
    // An array of its own: what is a view of a larger one would travel as a whole.
    const bytes = new Uint8Array(await vscode.workspace.fs.readFile(uri));
    const tensors = said.get(uri.toString());
    return { uri: uri.toString(), name, bytes, ...(tensors && { tensors }) };
  } catch (error) {
    return { problem: `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
