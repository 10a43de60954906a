import * as vscode from 'vscode';
import { type DeclarationInfo, DeclarationsRequest } from '../../server/protocol.ts';
import type { Previews } from '../preview/previews.ts';
import type { RestartableClient } from '../restartable-client.ts';

/** What a command is about: a file and, where known, one of its declarations. */
export interface Subject {
  readonly uri: vscode.Uri;
  readonly name: string | undefined;
}

/**
 * What a command is about: what a lens, a menu or a preview handed over, else the focused preview, else the declaration
 * around the cursor of the active editor. Undefined, after telling the user, when there is none.
 */
export async function subjectOf(
  argument: unknown,
  previews: Previews,
  client: RestartableClient,
): Promise<Subject | undefined> {
  if (typeof argument === 'object' && argument !== null && 'uri' in argument && typeof argument.uri === 'string') {
    const name = 'name' in argument && typeof argument.name === 'string' ? argument.name : undefined;
    return { uri: vscode.Uri.parse(argument.uri), name };
  }
  const file = argument instanceof vscode.Uri ? argument : undefined;
  const editor = vscode.window.activeTextEditor;
  // The title bar and menus hand over the file alone: the cursor tells which declaration is meant.
  if (file !== undefined && editor?.document.uri.toString() !== file.toString()) return { uri: file, name: undefined };
  const preview = file === undefined ? previews.active : undefined;
  if (preview !== undefined) return { uri: preview.uri, name: preview.view.name ?? undefined };
  if (editor?.document.languageId !== 'sparse') {
    void vscode.window.showInformationMessage(
      'Open a .sparse file first: its patterns and models can be previewed, run and exported.',
    );
    return undefined;
  }
  const declared = await client.sendRequest(DeclarationsRequest, { uri: editor.document.uri.toString() });
  const around = declared?.declarations.find(declaration => contains(declaration, editor.selection.active));
  return { uri: editor.document.uri, name: around?.name };
}

function contains(declaration: DeclarationInfo, position: vscode.Position): boolean {
  const { start, end } = declaration.range;
  return new vscode.Range(start.line, start.character, end.line, end.character).contains(position);
}
