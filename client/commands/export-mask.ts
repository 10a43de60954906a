import * as vscode from 'vscode';
import { type FormatName, formatNames } from '../../runtime/export/format-names.ts';
import type { ExportSubject } from '../../runtime/export/request.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { DeclarationsRequest, LIBRARY_SCHEME, LowerRequest } from '../../server/protocol.ts';
import type { RunJob } from '../jobs/run-job.ts';
import type { PreviewView } from '../preview/messages.ts';
import type { Previews } from '../preview/previews.ts';
import type { RestartableClient } from '../restartable-client.ts';
import { checkSizeAhead, tokensProblem } from './export-limits.ts';
import { type Subject, subjectOf } from './subject.ts';

/** The list of formats waits so long for what fits. */
const PATIENCE_MS = 1500;

/** `Sparse: Export Mask...`: asks for the format and the place, and writes through the workspace's file system. */
export async function exportMask(
  argument: unknown,
  previews: Previews,
  client: RestartableClient,
  runJob: RunJob,
): Promise<void> {
  const subject = await subjectOf(argument, previews, client);
  if (subject === undefined) return;
  await vscode.workspace.openTextDocument(subject.uri);
  const name = subject.name ?? (await chooseDeclaration(subject, client));
  if (name === undefined) return;
  const declared = await lower(client, subject.uri, name);

  const view = previews.of(subject.uri)?.view;
  const shown = view?.name === name ? view : undefined;
  const tokens = shown?.tokens ?? declared.tokens ?? (await askTokens(subject.uri));
  if (tokens === undefined) return;
  // Whatever in a model reads `n` is another number at other tokens.
  const model =
    declared.tokens === null || declared.tokens === tokens ? declared : await lower(client, subject.uri, name, tokens);
  const place = await chooseHead(model, shown);
  if (place === undefined) return;
  const shape = shapeAt(model, place.layer, place.head, tokens);
  const pattern = patternAt(model, place.layer, place.head);
  if (pattern === undefined) throw new Error(`No rule of ${name} reaches layer ${place.layer}, head ${place.head}.`);
  const format = await chooseFormat({ name, source: undefined, pattern, shape }, runJob);
  if (format === undefined) return;
  checkSizeAhead(format, shape);
  const folder = folderFor(subject.uri);
  const file = await vscode.window.showSaveDialog({
    title: `Export ${name}`,
    ...(folder === undefined
      ? {}
      : { defaultUri: vscode.Uri.joinPath(folder, `${name}-${tokens}.${format.extension}`) }),
    filters: { [format.title]: [format.extension] },
  });
  if (file === undefined) return;

  const isDone = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Exporting ${name} at ${tokens.toLocaleString('en-US')} tokens`,
      cancellable: true,
    },
    async (_, cancellation) => {
      const source = (await vscode.workspace.openTextDocument(subject.uri)).getText();
      const summarised = { name, source, pattern, shape };
      const exported = await runJob({ kind: 'export', format: format.id, subject: summarised }, cancellation);
      if (exported === undefined) return false;
      const [main, ...others] = exported.files;
      const places = others.map(({ extension, bytes }) => ({ place: besides(file, extension), bytes }));
      for (const { place } of places) if (!(await mayReplace(place))) return false;
      // What the first file refers to is there before it.
      for (const { place, bytes } of places) await write(place, bytes);
      await write(file, main.bytes);
      return true;
    },
  );
  // Not awaited: the export is done, the question may stay unanswered.
  if (isDone) void offerNext(file);
}

/** A declaration at its own tokens or others. */
async function lower(client: RestartableClient, uri: vscode.Uri, name: string, tokens?: number): Promise<Model> {
  const lowered = await client.sendRequest(LowerRequest, {
    uri: uri.toString(),
    name,
    ...(tokens === undefined ? {} : { tokens }),
  });
  if (lowered === null) throw new Error(`${uri.path} is not open in the language server; open the file and try again.`);
  if (!lowered.ok) throw new Error(`${name} cannot be exported: ${lowered.message}`);
  return lowered.model;
}

async function write(file: vscode.Uri, bytes: Uint8Array): Promise<void> {
  try {
    await vscode.workspace.fs.writeFile(file, bytes);
  } catch (error) {
    throw new Error(
      `${file.path} cannot be written: ${error instanceof Error ? error.message : String(error)} Choose another folder.`,
    );
  }
}

/** The file of the same name with another extension. */
function besides(file: vscode.Uri, extension: string): vscode.Uri {
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  if (name === `${stem}.${extension}`)
    throw new Error(
      `This format writes a second file with the ending .${extension}; choose another one for the first.`,
    );
  return vscode.Uri.joinPath(file, '..', `${stem}.${extension}`);
}

/** The dialog asks for the file that was chosen; nobody has asked for one beside it. */
async function mayReplace(file: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(file);
  } catch {
    return true;
  }
  const replace = 'Replace';
  const detail = 'The export consists of two files of one name.';
  return (
    (await vscode.window.showWarningMessage(`${file.path} exists already.`, { modal: true, detail }, replace)) ===
    replace
  );
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
    validateInput: tokensProblem,
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

/** The formats that hold the mask come first, and the others say why they do not, unless finding out takes long. */
async function chooseFormat(subject: ExportSubject, runJob: RunJob): Promise<FormatName | undefined> {
  const looking = new vscode.CancellationTokenSource();
  // What is wrong with the mask itself is said when it is exported.
  const misfits = runJob({ kind: 'misfits', subject }, looking.token).catch(() => undefined);
  const late = new Promise<undefined>(resolve => setTimeout(resolve, PATIENCE_MS, undefined));
  const items: Promise<FormatItem[]> = Promise.race([misfits, late]).then(found => itemsOf(found ?? {}));
  try {
    const choice = await vscode.window.showQuickPick(items, {
      title: `Export ${subject.name} at ${subject.shape.tokens} tokens`,
      placeHolder: 'Format',
      matchOnDescription: true,
    });
    return choice?.format;
  } finally {
    looking.cancel();
    looking.dispose();
  }
}

interface FormatItem extends vscode.QuickPickItem {
  readonly format: FormatName;
}

function itemsOf(misfits: Readonly<Record<string, string>>): FormatItem[] {
  const items = formatNames.map(format => {
    const { id, title, extension, beside, description } = format;
    const misfit = misfits[id];
    return {
      label: title,
      description: `.${extension}${beside === undefined ? '' : ` and .${beside}`}`,
      detail: misfit === undefined ? description : `Cannot hold this mask exactly: ${misfit}`,
      format,
    };
  });
  const fits = ({ format }: FormatItem): boolean => misfits[format.id] === undefined;
  return [...items.filter(fits), ...items.filter(item => !fits(item))];
}

async function offerNext(file: vscode.Uri): Promise<void> {
  const open = 'Open';
  const copyPath = 'Copy Path';
  const choice = await vscode.window.showInformationMessage(`Exported to ${file.path}`, open, copyPath);
  if (choice === open) await vscode.commands.executeCommand('vscode.open', file);
  if (choice === copyPath) await vscode.env.clipboard.writeText(file.scheme === 'file' ? file.fsPath : file.toString());
}
