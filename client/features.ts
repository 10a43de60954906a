import * as vscode from 'vscode';
import { chooseOther } from './commands/choose-declaration.ts';
import { comparePatterns } from './commands/compare-patterns.ts';
import { ExportMemory } from './commands/export-choice.ts';
import { exportAgain, exportMask } from './commands/export-mask.ts';
import { newPattern } from './commands/new-pattern.ts';
import { openLibrary } from './commands/open-library.ts';
import { lockPreview, openLockedPreview, openPreview } from './commands/open-preview.ts';
import { runPattern } from './commands/run-pattern.ts';
import { suggestPattern } from './commands/suggest-pattern.ts';
import { ComparisonDocuments } from './comparison-documents.ts';
import type { HostAbilities } from './host-abilities.ts';
import { LibraryDocuments } from './library-documents.ts';
import { ActiveEditor } from './preview/active-editor.ts';
import { HostRuns } from './preview/host-runs.ts';
import { Previews } from './preview/previews.ts';
import { pictureSaver } from './preview/save-picture.ts';
import type { RestartableClient } from './restartable-client.ts';
import { showStatus } from './status.ts';
import { offerWorkspaceFiles } from './workspace-files.ts';

/** Adds what people touch: commands, the preview, the standard library and the status. */
export function registerFeatures(
  context: vscode.ExtensionContext,
  client: RestartableClient,
  host: HostAbilities,
): void {
  const library = new LibraryDocuments(context, client);
  const editor = new ActiveEditor();
  context.subscriptions.push(editor);
  const previews = new Previews(context, client, {
    chooseOther: name => chooseOther(name, client, library),
    savePicture: pictureSaver(context.workspaceState, host.places),
    runs: new HostRuns(context, host.runs),
    editor,
  });
  const comparisons = new ComparisonDocuments(context);
  showStatus(context, client, previews);
  context.subscriptions.push(offerWorkspaceFiles(client));
  const command = (
    id: string,
    run: (argument: unknown, previews: Previews, client: RestartableClient) => Promise<void>,
  ): void => {
    context.subscriptions.push(
      vscode.commands.registerCommand(id, async (argument: unknown) => {
        try {
          await run(argument, previews, client);
        } catch (error) {
          void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
        }
      }),
    );
  };
  command('sparse.openPreview', openPreview);
  command('sparse.openLockedPreview', openLockedPreview('file'));
  command('sparse.openPatternPreview', openLockedPreview('pattern'));
  command('sparse.lockPreviewToFile', lockPreview('file'));
  command('sparse.lockPreviewToPattern', lockPreview('pattern'));
  command('sparse.unlockPreview', lockPreview(null));
  command('sparse.runPattern', runPattern);
  command('sparse.suggestPattern', suggestPattern);
  const exporting = { previews, client, ...host, memory: new ExportMemory(context.workspaceState) };
  command('sparse.exportMask', argument => exportMask(argument, exporting));
  command('sparse.exportAgain', () => exportAgain(exporting));
  command('sparse.newPattern', newPattern);
  command('sparse.openLibrary', () => openLibrary(library));
  command('sparse.comparePatterns', argument =>
    comparePatterns(argument, previews, client, host.runJob, library, comparisons),
  );
}
