import * as vscode from 'vscode';
import { type DeclarationInfo, DeclarationsRequest } from '../../server/protocol.ts';
import { findFiles } from '../find-files.ts';
import type { LibraryDocuments } from '../library-documents.ts';
import type { OtherName } from '../preview/messages.ts';
import type { RestartableClient } from '../restartable-client.ts';

/** Files of the workspace that are offered. */
const MOST_FILES = 500;

/** A declaration of a file. */
export interface Chosen {
  readonly uri: vscode.Uri;
  readonly declaration: DeclarationInfo;
}

/**
 * Asks for a declaration that the one that a preview shows is compared with, which may be the same one: what is tried out
 * beside what is written. Says why it cannot.
 */
export async function chooseOther(
  name: string | null,
  client: RestartableClient,
  library: LibraryDocuments,
): Promise<OtherName | undefined> {
  try {
    const chosen = await chooseDeclaration(
      'Compare in the Preview',
      `${name ?? 'The pattern'} and...`,
      client,
      library,
    );
    return chosen && { uri: chosen.uri.toString(), name: chosen.declaration.name };
  } catch (error) {
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

type Choice = vscode.QuickPickItem & { readonly chosen?: Chosen; readonly file?: vscode.Uri };

/** Asks for a declaration: of the open files at once, of others by their file. */
export async function chooseDeclaration(
  title: string,
  placeHolder: string,
  client: RestartableClient,
  library: LibraryDocuments,
  except?: Chosen,
): Promise<Chosen | undefined> {
  const items: Choice[] = [];
  const open = vscode.workspace.textDocuments.filter(({ languageId }) => languageId === 'sparse');
  for (const { uri } of open)
    for (const declaration of await usable(uri, client))
      if (uri.toString() !== except?.uri.toString() || declaration.name !== except.declaration.name)
        items.push(itemOf({ uri, declaration }));
  const isOpen = new Set(open.map(({ uri }) => uri.toString()));
  const separator = (label: string): Choice => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const files = await findFiles(['.sparse'], MOST_FILES);
  const others = files.filter(uri => !isOpen.has(uri.toString()));
  if (others.length > 0) items.push(separator('other files'));
  for (const file of others) items.push({ label: `$(file) ${vscode.workspace.asRelativePath(file)}`, file });
  items.push(separator('standard library'));
  for (const { path, summary, uri } of await library.files())
    items.push({ label: `$(library) ${path}`, description: summary, file: vscode.Uri.parse(uri) });
  const choice = await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true });
  if (choice?.file === undefined) return choice?.chosen;
  await vscode.workspace.openTextDocument(choice.file);
  const { file } = choice;
  const declarations = await usable(file, client);
  if (declarations.length === 0) throw new Error(`${nameOf(file)} declares no pattern or model that can be compared.`);
  const inside = declarations.map(declaration => itemOf({ uri: file, declaration }));
  if (inside.length === 1) return inside[0]?.chosen;
  return (await vscode.window.showQuickPick(inside, { title, placeHolder }))?.chosen;
}

function itemOf(chosen: Chosen): Choice & { readonly chosen: Chosen } {
  const { name, kind } = chosen.declaration;
  return { label: name, description: `${kind}, ${nameOf(chosen.uri)}`, chosen };
}

/** The declarations of a file that have a meaning by themselves. */
export async function usable(uri: vscode.Uri, client: RestartableClient): Promise<readonly DeclarationInfo[]> {
  const declared = await client.sendRequest(DeclarationsRequest, { uri: uri.toString() });
  return declared?.declarations.filter(({ problem }) => problem === null) ?? [];
}

/** The name of a file without its folders. */
export function nameOf(uri: vscode.Uri): string {
  return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}
