import * as vscode from 'vscode';
import type { ComparisonChoice, ModelComparison } from '../../runtime/analyse/compare-models.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { LowerRequest } from '../../server/protocol.ts';
import type { ComparisonDocuments } from '../comparison-documents.ts';
import type { RunJob } from '../jobs/run-job.ts';
import type { LibraryDocuments } from '../library-documents.ts';
import type { Previews } from '../preview/previews.ts';
import type { RestartableClient } from '../restartable-client.ts';
import { type Chosen, chooseDeclaration, nameOf, usable } from './choose-declaration.ts';
import { comparisonReport } from './comparison-report.ts';
import { tokensProblem } from './export-limits.ts';
import { subjectOf } from './subject.ts';

const TITLE = 'Compare Patterns';
/**
 * `Sparse: Compare Patterns...`: the declaration at the cursor, or one that is asked for, and another one of any file are
 * compared, and the outcome is shown as a document.
 */
export async function comparePatterns(
  argument: unknown,
  previews: Previews,
  client: RestartableClient,
  runJob: RunJob,
  library: LibraryDocuments,
  comparisons: ComparisonDocuments,
): Promise<void> {
  const first =
    (await declarationAt(argument, previews, client)) ??
    (await chooseDeclaration(TITLE, 'The first pattern', client, library));
  if (first === undefined) return;
  const second = await chooseDeclaration(TITLE, `${first.declaration.name} and...`, client, library, first);
  if (second === undefined) return;
  const [a, b] = [await lower(client, first), await lower(client, second)];
  const choice = await settle(a, b, first.uri);
  if (choice === undefined) return;
  // Whatever in a model reads `n` is another number at other tokens.
  const [left, right] =
    choice.tokens === undefined
      ? [a, b]
      : [await lower(client, first, choice.tokens), await lower(client, second, choice.tokens)];
  const comparison = await compare(left, right, choice, runJob);
  if (comparison === undefined) return;
  const report = comparisonReport(sideOf(first), sideOf(second), comparison);
  await comparisons.show(`${first.declaration.name} and ${second.declaration.name}`, report);
}

/** The declaration that the command was called on. */
async function declarationAt(
  argument: unknown,
  previews: Previews,
  client: RestartableClient,
): Promise<Chosen | undefined> {
  // Without a file the command asks instead of saying that there is none.
  if (argument === undefined && vscode.window.activeTextEditor?.document.languageId !== 'sparse') return undefined;
  const subject = await subjectOf(argument, previews, client);
  if (subject?.name === undefined) return undefined;
  const declaration = (await usable(subject.uri, client)).find(({ name }) => name === subject.name);
  return declaration && { uri: subject.uri, declaration };
}

async function lower(client: RestartableClient, { uri, declaration }: Chosen, tokens?: number): Promise<Model> {
  const { name } = declaration;
  const lowered = await client.sendRequest(LowerRequest, {
    uri: uri.toString(),
    name,
    ...(tokens === undefined ? {} : { tokens }),
  });
  if (lowered === null) throw new Error(`${uri.path} is not open in the language server; open the file and try again.`);
  if (!lowered.ok) throw new Error(`${name} cannot be compared: ${lowered.message}`);
  return lowered.model;
}

/** Asks for what the two models leave open; undefined when nobody answers. */
async function settle(a: Model, b: Model, uri: vscode.Uri): Promise<ComparisonChoice | undefined> {
  let choice: ComparisonChoice = {};
  const isOpen = a.tokens === null && b.tokens === null;
  if (isOpen || (a.tokens !== null && b.tokens !== null && a.tokens !== b.tokens)) {
    const usual = a.tokens ?? b.tokens ?? vscode.workspace.getConfiguration('sparse.preview', uri).get('tokens', 1024);
    const answer = await ask('Sequence length in tokens', usual, tokensProblem);
    if (answer === undefined) return undefined;
    choice = { ...choice, tokens: answer };
  }
  if (a.kind === 'pattern' || b.kind === 'pattern') return choice;
  for (const what of ['layer', 'head'] as const) {
    const [first, second] = what === 'layer' ? [a.layers, b.layers] : [a.heads, b.heads];
    if (first === second) continue;
    const most = Math.min(first, second) - 1;
    const answer = await ask(`The two have ${first} and ${second} ${what}s: compare ${what} 0 to ${most}`, 0, text =>
      /^\d+$/.test(text.trim()) && Number(text) <= most ? undefined : `Write a whole number from 0 to ${most}.`,
    );
    if (answer === undefined) return undefined;
    choice = { ...choice, [what]: answer };
  }
  return choice;
}

async function ask(
  prompt: string,
  value: number,
  validateInput: (text: string) => string | undefined,
): Promise<number | undefined> {
  const answer = await vscode.window.showInputBox({ title: TITLE, prompt, value: String(value), validateInput });
  return answer === undefined ? undefined : Number(answer.trim());
}

/** Undefined when it was cancelled. */
function compare(
  first: Model,
  second: Model,
  choice: ComparisonChoice,
  runJob: RunJob,
): Thenable<ModelComparison | undefined> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: `Comparing ${first.name} and ${second.name}`,
    cancellable: true,
  };
  return vscode.window.withProgress(options, (_, cancellation) =>
    runJob({ kind: 'compare', first, second, choice }, cancellation),
  );
}

function sideOf({ uri, declaration }: Chosen) {
  const { name, nameRange } = declaration;
  const link = `${uri.toString()}#L${nameRange.start.line + 1},${nameRange.start.character + 1}`;
  return { name, file: nameOf(uri), link };
}
