import * as vscode from 'vscode';
import { type ExportFormat, formats } from '../../runtime/export/formats.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { DeclarationsRequest, LIBRARY_SCHEME, LowerRequest } from '../../server/protocol.ts';
import type { PreviewView } from '../preview/messages.ts';
import type { Previews } from '../preview/previews.ts';
import type { RestartableClient } from '../restartable-client.ts';
import { type Subject, subjectOf } from './subject.ts';

/** `Sparse: Export Mask...`: asks for the format and the place, and writes through the workspace's file system. */
export async function exportMask(argument: unknown, previews: Previews, client: RestartableClient): Promise<void> {
  const subject = await subjectOf(argument, previews, client);
  if (subject === undefined) return;
  await vscode.workspace.openTextDocument(subject.uri);
  const name = subject.name ?? (await chooseDeclaration(subject, client));
  if (name === undefined) return;
  const lowered = await client.sendRequest(LowerRequest, { uri: subject.uri.toString(), name });
  if (lowered === null)
    throw new Error(`${subject.uri.path} is not open in the language server; open the file and try again.`);
  if (!lowered.ok) throw new Error(`${name} cannot be exported: ${lowered.message}`);
  const { model } = lowered;

  const view = previews.of(subject.uri)?.view;
  const shown = view?.name === name ? view : undefined;
  const tokens = shown?.tokens ?? model.tokens ?? (await askTokens(subject.uri));
  if (tokens === undefined) return;
  const place = await chooseHead(model, shown);
  if (place === undefined) return;
  const format = await chooseFormat(name, tokens);
  if (format === undefined) return;
  const folder = folderFor(subject.uri);
  const file = await vscode.window.showSaveDialog({
    title: `Export ${name}`,
    ...(folder === undefined
      ? {}
      : { defaultUri: vscode.Uri.joinPath(folder, `${name}-${tokens}.${format.extension}`) }),
    filters: { [format.title]: [format.extension] },
  });
  if (file === undefined) return;

  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Exporting ${name} at ${tokens} tokens` },
    async () => {
      const shape = shapeAt(model, place.layer, place.head, tokens);
      const pattern = patternAt(model, place.layer, place.head);
      if (pattern === undefined)
        throw new Error(`No rule of ${name} reaches layer ${place.layer}, head ${place.head}.`);
      const source = (await vscode.workspace.openTextDocument(subject.uri)).getText();
      const bytes = format.write({ name, source, pattern, shape });
      try {
        await vscode.workspace.fs.writeFile(file, bytes);
      } catch (error) {
        throw new Error(
          `${file.path} cannot be written: ${error instanceof Error ? error.message : String(error)} Choose another folder.`,
        );
      }
    },
  );
  // Not awaited: the export is done, the question may stay unanswered.
  void offerNext(file);
}

/** Where the mask of a file is saved: beside it; in the workspace when the file itself lies in no folder. */
function folderFor(uri: vscode.Uri): vscode.Uri | undefined {
  return uri.scheme === 'untitled' || uri.scheme === LIBRARY_SCHEME
    ? vscode.workspace.workspaceFolders?.[0]?.uri
    : vscode.Uri.joinPath(uri, '..');
}

async function chooseDeclaration(subject: Subject, client: RestartableClient): Promise<string | undefined> {
  const file = await client.sendRequest(DeclarationsRequest, { uri: subject.uri.toString() });
  const usable = file?.declarations.filter(declaration => declaration.problem === null) ?? [];
  if (usable.length === 0) throw new Error('This file declares no pattern or model that can be exported.');
  if (usable.length === 1) return usable[0]?.name;
  const choice = await vscode.window.showQuickPick(
    usable.map(({ name, kind }) => ({ label: name, description: kind })),
    { title: 'Export Mask', placeHolder: 'Pattern or model' },
  );
  return choice?.label;
}

async function askTokens(uri: vscode.Uri): Promise<number | undefined> {
  const answer = await vscode.window.showInputBox({
    title: 'Export Mask',
    prompt: 'Sequence length in tokens',
    value: String(vscode.workspace.getConfiguration('sparse.preview', uri).get('tokens', 1024)),
    validateInput: text => (/^[1-9][0-9]*$/.test(text.trim()) ? undefined : 'A whole number of at least 1, e.g. 4096'),
  });
  return answer === undefined ? undefined : Number(answer.trim());
}

/** The preview's layer and head; else the only ones; else the first of a rule that the user picks. */
async function chooseHead(
  model: Model,
  shown: PreviewView | undefined,
): Promise<{ layer: number; head: number } | undefined> {
  if (shown !== undefined) return { layer: shown.layer, head: shown.head };
  if (model.layers === 1 && model.heads === 1) return { layer: 0, head: 0 };
  const places = model.rules.flatMap(rule => {
    const layer = rule.layers[0];
    const head = rule.heads[0];
    return layer === undefined || head === undefined
      ? []
      : [
          {
            label: `Layer ${layer}, head ${head}`,
            description: `one of ${rule.layers.length} layers and ${rule.heads.length} heads of this rule`,
            layer,
            head,
          },
        ];
  });
  if (places.length === 1) return places[0];
  return await vscode.window.showQuickPick(places, { title: 'Export Mask', placeHolder: 'Which rule of the model' });
}

async function chooseFormat(name: string, tokens: number): Promise<ExportFormat | undefined> {
  const choice = await vscode.window.showQuickPick(
    formats.map(format => ({
      label: format.title,
      description: `.${format.extension}`,
      detail: format.description,
      format,
    })),
    { title: `Export ${name} at ${tokens} tokens`, placeHolder: 'Format', matchOnDescription: true },
  );
  return choice?.format;
}

async function offerNext(file: vscode.Uri): Promise<void> {
  const open = 'Open';
  const copyPath = 'Copy Path';
  const choice = await vscode.window.showInformationMessage(`Exported to ${file.path}`, open, copyPath);
  if (choice === open) await vscode.commands.executeCommand('vscode.open', file);
  if (choice === copyPath) await vscode.env.clipboard.writeText(file.scheme === 'file' ? file.fsPath : file.toString());
}
