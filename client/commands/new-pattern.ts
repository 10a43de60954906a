import * as vscode from 'vscode';
import { patternTemplates } from './pattern-templates.ts';

/** `Sparse: New Sparse Pattern...`: asks for the task and opens an untitled file that begins with what fits it. */
export async function newPattern(): Promise<void> {
  const choice = await vscode.window.showQuickPick(
    patternTemplates.map(template => ({
      label: template.task,
      description: template.recommendation,
      detail: template.reason,
      template,
    })),
    { title: 'New Sparse Pattern', placeHolder: 'What is the attention for?', matchOnDescription: true },
  );
  if (choice === undefined) return;
  const { text } = choice.template;
  const document = await vscode.workspace.openTextDocument({ language: 'sparse', content: text });
  const editor = await vscode.window.showTextDocument(document);
  // Where one would edit first: the pattern.
  const at = document.positionAt(Math.max(0, text.indexOf('\npattern ') + 1));
  editor.selection = new vscode.Selection(at, at);
}
