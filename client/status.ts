import * as vscode from 'vscode';
import { State } from 'vscode-languageclient';
import { DensityRequest, type DensityResult } from '../server/protocol.ts';
import { densityText } from './density-text.ts';
import type { Previews } from './preview/previews.ts';
import type { RestartableClient } from './restartable-client.ts';

/** The cursor rests this long before the server is asked: every change of an item has the editor draw its status bar. */
const REST = 300;
/** An answer that takes longer shows that it is awaited. */
const PATIENCE = 300;

/**
 * The items behind the braces in the status bar, for `.sparse` files: how the server is, the density of the pattern at
 * the cursor, and, after a run, where attention ran.
 */
export function showStatus(context: vscode.ExtensionContext, client: RestartableClient, previews: Previews): void {
  const selector: vscode.DocumentSelector = { language: 'sparse' };
  const server = vscode.languages.createLanguageStatusItem('sparse.server', selector);
  server.name = 'Sparse Language Server';
  server.command = { command: 'sparse.restartServer', title: 'Restart' };
  const density = vscode.languages.createLanguageStatusItem('sparse.density', selector);
  density.name = 'Sparse Density';
  // Which backend it is shows only when something has run: an item that no file fits is not shown.
  const backend = vscode.languages.createLanguageStatusItem('sparse.backend', []);
  backend.name = 'Sparse Backend';
  showState(server, client.state);
  showDensity(density, null);

  let asked = 0;
  let isShown = true;
  let slow: ReturnType<typeof setTimeout> | undefined;
  const ask = async (): Promise<void> => {
    const turn = ++asked;
    const editor = vscode.window.activeTextEditor;
    if (editor?.document.languageId !== 'sparse' || client.state !== State.Running) return;
    const { document, selection } = editor;
    const isWanted = vscode.workspace.getConfiguration('sparse.status', document).get('density', true);
    // An item that no file fits is not shown.
    if (isWanted !== isShown) density.selector = isWanted ? selector : [];
    isShown = isWanted;
    if (!isWanted) return;
    clearTimeout(slow);
    slow = setTimeout(() => {
      density.busy = true;
    }, PATIENCE);
    let found: DensityResult | null = null;
    try {
      const { line, character } = selection.active;
      found = await client.sendRequest(DensityRequest, { uri: document.uri.toString(), position: { line, character } });
    } catch {
      // The server stopped or is on its way: the other item says so.
    }
    // A later question has the word.
    if (turn !== asked) return;
    clearTimeout(slow);
    if (density.busy) density.busy = false;
    showDensity(density, found);
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const askSoon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), REST);
  };

  context.subscriptions.push(
    server,
    density,
    backend,
    previews.onDidRun(({ backend: id, device }) => {
      backend.selector = selector;
      backend.text = `Backend: ${id.toUpperCase()}`;
      backend.detail = device;
    }),
    client.onDidChangeState(({ newState }) => {
      showState(server, newState);
      askSoon();
    }),
    vscode.window.onDidChangeActiveTextEditor(askSoon),
    vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
      if (textEditor.document.languageId === 'sparse') askSoon();
    }),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (document === vscode.window.activeTextEditor?.document) askSoon();
    }),
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('sparse.status')) askSoon();
    }),
    {
      dispose: () => {
        clearTimeout(timer);
        clearTimeout(slow);
      },
    },
  );
  askSoon();
}

function showState(item: vscode.LanguageStatusItem, state: State): void {
  item.busy = state === State.Starting;
  item.severity =
    state === State.Stopped ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
  item.text =
    state === State.Running
      ? 'Language server: running'
      : state === State.Starting
        ? 'Language server: starting'
        : 'Language server: stopped';
}

function showDensity(item: vscode.LanguageStatusItem, found: DensityResult | null): void {
  const { text, detail } = densityText(found);
  if (item.text === text && item.detail === detail) return;
  item.text = text;
  item.detail = detail;
}
