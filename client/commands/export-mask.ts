import * as vscode from 'vscode';
import { modelWithout } from '../../runtime/draw/hidden-parts.ts';
import { exportSubject } from '../../runtime/export/export-subject.ts';
import { type FormatName, formatNameOf } from '../../runtime/export/format-names.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { type Adjustments, LowerRequest } from '../../server/protocol.ts';
import type { HostAbilities } from '../host-abilities.ts';
import { type AsShown, asShownText } from '../preview/as-shown.ts';
import type { Previews } from '../preview/previews.ts';
import type { RestartableClient } from '../restartable-client.ts';
import type { ExportChoice, ExportMemory } from './export-choice.ts';
import { offerNext } from './export-done.ts';
import { folderOf, type Others, writeExport } from './export-files.ts';
import { chooseFormat } from './export-format.ts';
import { tokensProblem } from './export-limits.ts';
import { choosePlace } from './export-place.ts';
import { chooseInFile, subjectOf } from './subject.ts';

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
  const name = subject.name ?? (await chooseInFile(subject.uri, client, 'Export Mask'));
  if (name === undefined) return;
  const shown = previews.showing(subject.uri, name)?.view;
  const asShown: AsShown = { adjustments: shown?.adjustments ?? {}, hidden: shown?.hidden ?? [] };
  const { adjustments } = asShown;
  const declared = await lower(client, subject.uri, name, adjustments);

  const tokens = shown?.tokens ?? declared.tokens ?? (await askTokens(subject.uri));
  if (tokens === undefined) return;
  const written = await atTokens(client, subject.uri, declared, tokens, adjustments);
  const model = modelWithout(written, tokens, asShown.hidden);
  const place = await choosePlace(model, shown);
  if (place === undefined) return;
  const masks = exportSubject(model, { ...place, tokens, source: undefined });
  const chosen = await chooseFormat(masks, asShownText(asShown), memory.last?.format, runJob);
  if (chosen === undefined) return;
  const { format, approximate } = chosen;
  const file = await chooseFile(subject.uri, `${name}-${tokens}`, format, memory.last);
  if (file === undefined) return;
  const choice: ExportChoice = {
    ...{ uri: subject.uri.toString(), name, tokens, ...asShown, ...place },
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
  const { name, tokens, adjustments = {}, hidden = [] } = last;
  const written = await atTokens(client, uri, await lower(client, uri, name, adjustments), tokens, adjustments);
  const model = modelWithout(written, tokens, hidden);
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
  const { name, tokens, approximate, adjustments = {}, hidden = [] } = choice;
  const asShown = asShownText({ adjustments, hidden });
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
      // The text is that of a mask as it is written.
      const source = asShown === '' ? (await vscode.workspace.openTextDocument(uri)).getText() : undefined;
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
  offerNext(file, format.id, written, asShown).catch((error: unknown) => {
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

async function askTokens(uri: vscode.Uri): Promise<number | undefined> {
  const answer = await vscode.window.showInputBox({
    title: 'Export Mask',
    prompt: 'Sequence length in tokens',
    value: String(vscode.workspace.getConfiguration('sparse.preview', uri).get('tokens', 1024)),
    validateInput: tokensProblem,
  });
  return answer === undefined ? undefined : Number(answer.trim());
}
