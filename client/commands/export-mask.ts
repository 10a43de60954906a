import * as vscode from 'vscode';
import { exportSubject } from '../../runtime/export/export-subject.ts';
import { type FormatName, formatNameOf } from '../../runtime/export/format-names.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { type Adjustments, DeclarationsRequest, LowerRequest } from '../../server/protocol.ts';
import type { HostAbilities } from '../host-abilities.ts';
import type { Previews } from '../preview/previews.ts';
import type { RestartableClient } from '../restartable-client.ts';
import type { ExportChoice, ExportMemory } from './export-choice.ts';
import { offerNext } from './export-done.ts';
import { folderOf, type Others, writeExport } from './export-files.ts';
import { chooseFormat } from './export-format.ts';
import { tokensProblem } from './export-limits.ts';
import { choosePlace } from './export-place.ts';
import { type Subject, subjectOf } from './subject.ts';

/** What the commands work with. */
export interface ExportTools extends HostAbilities {
  readonly previews: Previews;
  readonly client: RestartableClient;
  readonly memory: ExportMemory;
}

/** `Sparse: Export Mask...`: asks for the masks, the format and the place, and writes through the workspace's file system. */
export async function exportMask(argument: unknown, tools: ExportTools): Promise<void> {
  const { previews, client, runJob, memory } = tools;
  const subject = await subjectOf(argument, previews, client);
  if (subject === undefined) return;
  await vscode.workspace.openTextDocument(subject.uri);
  const name = subject.name ?? (await chooseDeclaration(subject, client));
  if (name === undefined) return;
  const view = previews.of(subject.uri)?.view;
  const shown = view?.name === name ? view : undefined;
  const adjustments = shown?.adjustments ?? {};
  const declared = await lower(client, subject.uri, name, adjustments);

  const tokens = shown?.tokens ?? declared.tokens ?? (await askTokens(subject.uri));
  if (tokens === undefined) return;
  const model = await atTokens(client, subject.uri, declared, tokens, adjustments);
  const place = await choosePlace(model, shown);
  if (place === undefined) return;
  const masks = exportSubject(model, { ...place, tokens, source: undefined });
  const chosen = await chooseFormat(masks, memory.last?.format, runJob);
  if (chosen === undefined) return;
  const { format, approximate } = chosen;
  const file = await chooseFile(subject.uri, `${name}-${tokens}`, format, memory.last);
  if (file === undefined) return;
  const choice: ExportChoice = {
    ...{ uri: subject.uri.toString(), name, tokens, adjustments, ...place },
    ...{ format: format.id, approximate, file: file.toString() },
  };
  await perform(choice, model, tools, 'ask');
}

/** `Sparse: Export Again`: the last export of this workspace once more, as the file is now, over what it wrote. */
export async function exportAgain(tools: ExportTools): Promise<void> {
  const { memory, client } = tools;
  const { last } = memory;
  if (last === undefined) {
    const start = 'Export Mask...';
    const text = 'Nothing was exported in this workspace yet.';
    if ((await vscode.window.showInformationMessage(text, start)) === start)
      await vscode.commands.executeCommand('sparse.exportMask');
    return;
  }
  const uri = vscode.Uri.parse(last.uri);
  await vscode.workspace.openTextDocument(uri);
  const { name, tokens, adjustments = {} } = last;
  const model = await atTokens(client, uri, await lower(client, uri, name, adjustments), tokens, adjustments);
  const hasPlace = last.layer < model.layers && (last.head === 'all' || last.head < model.heads);
  if (!hasPlace) throw new Error(`${last.name} no longer has what was exported; use Sparse: Export Mask...`);
  await perform(last, model, tools, 'replace');
}

/** Computes and writes. */
async function perform(
  choice: ExportChoice,
  model: Model,
  { runExport, places, memory }: ExportTools,
  others: Others,
): Promise<void> {
  const { name, tokens, approximate, adjustments = {} } = choice;
  const [uri, file] = [vscode.Uri.parse(choice.uri), vscode.Uri.parse(choice.file)];
  const format = formatNameOf(choice.format);
  if (format === undefined) throw new Error(`There is no format ${choice.format}.`);
  const written = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Exporting ${name} at ${tokens.toLocaleString('en-US')} tokens`,
      cancellable: true,
    },
    async (progress, cancellation) => {
      // The text is not that of a mask in which other values are tried out.
      const isWritten = Object.keys(adjustments).length === 0;
      const source = isWritten ? (await vscode.workspace.openTextDocument(uri)).getText() : undefined;
      const { layer, head } = choice;
      const masks = exportSubject(model, { layer, head, tokens, source });
      const subject = { ...masks, ...(approximate && { approximate }) };
      const said = (share: number): void => progress.report({ increment: 100 * share });
      return await runExport({ kind: 'export', format: format.id, subject }, cancellation, exported =>
        writeExport(exported, format, file, others, places, said),
      );
    },
  );
  if (written === undefined) return;
  await memory.keep(choice);
  // Not awaited: the export is done, the question may stay unanswered.
  offerNext(file, format.id, written).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(`${file.path} was exported, but what you chose then failed: ${reason}`);
  });
}

/** A declaration with these values tried out, at its own tokens or others. */
async function lower(
  client: RestartableClient,
  uri: vscode.Uri,
  name: string,
  adjustments: Adjustments,
  tokens?: number,
): Promise<Model> {
  const lowered = await client.sendRequest(LowerRequest, {
    uri: uri.toString(),
    name,
    adjustments,
    ...(tokens === undefined ? {} : { tokens }),
  });
  if (lowered === null) throw new Error(`${uri.path} is not open in the language server; open the file and try again.`);
  if (!lowered.ok) throw new Error(`${name} cannot be exported: ${lowered.message}`);
  return lowered.model;
}

/** Whatever in a model reads `n` is another number at other tokens. */
async function atTokens(
  client: RestartableClient,
  uri: vscode.Uri,
  declared: Model,
  tokens: number,
  adjustments: Adjustments,
): Promise<Model> {
  return declared.tokens === null || declared.tokens === tokens
    ? declared
    : await lower(client, uri, declared.name, adjustments, tokens);
}

/** Asks for the file: in the folder of the last export, beside the pattern, or in the workspace; named after the mask. */
async function chooseFile(
  uri: vscode.Uri,
  name: string,
  format: FormatName,
  last: ExportChoice | undefined,
): Promise<vscode.Uri | undefined> {
  const folder = last === undefined ? folderOf(uri) : vscode.Uri.joinPath(vscode.Uri.parse(last.file), '..');
  return await vscode.window.showSaveDialog({
    title: `Export ${name}`,
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, `${name}.${format.extension}`) }),
    filters: { [format.title]: [format.extension] },
  });
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
    validateInput: tokensProblem,
  });
  return answer === undefined ? undefined : Number(answer.trim());
}
