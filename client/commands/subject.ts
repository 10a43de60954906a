import * as vscode from 'vscode';
import { type DeclarationInfo, DeclarationsRequest } from '../../server/protocol.ts';
import type { PreviewPanel } from '../preview/preview-panel.ts';
import type { Previews } from '../preview/previews.ts';
import type { RestartableClient } from '../restartable-client.ts';

/** What a command is about: a file and, where known, one of its declarations. */
export interface Subject {
  readonly uri: vscode.Uri;
  readonly name: string | undefined;
  /** The preview that it was taken from. */
  readonly preview?: PreviewPanel;
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
  if (preview !== undefined) return { uri: preview.uri, name: preview.name ?? undefined, preview };
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

/** Asks which declaration of a file is meant, where it has several. Undefined when nobody answers. */
export async function chooseInFile(
  uri: vscode.Uri,
  client: RestartableClient,
  title: string,
): Promise<string | undefined> {
  const file = await client.sendRequest(DeclarationsRequest, { uri: uri.toString() });
  const usable = file?.declarations.filter(declaration => declaration.problem === null) ?? [];
  if (usable.length === 0) throw new Error('This file declares no pattern or model that can be shown.');
  if (usable.length === 1) return usable[0]?.name;
  const choice = await vscode.window.showQuickPick(
    usable.map(({ name, kind }) => ({ label: name, description: kind })),
    { title, placeHolder: 'Pattern or model' },
  );
  return choice?.label;
}

function contains(declaration: DeclarationInfo, position: vscode.Position): boolean {
  const { start, end } = declaration.range;
  return new vscode.Range(start.line, start.character, end.line, end.character).contains(position);
}
