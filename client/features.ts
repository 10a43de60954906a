import * as vscode from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import { exportMask } from './commands/export-mask.ts';
import { openPreview } from './commands/open-preview.ts';
import { runPattern } from './commands/run-pattern.ts';
import { Previews } from './preview/previews.ts';

/** Adds what people touch: commands and the preview. */
export function registerFeatures(context: vscode.ExtensionContext, client: BaseLanguageClient): void {
  const previews = new Previews(context, client);
  const command = (
    id: string,
    run: (argument: unknown, previews: Previews, client: BaseLanguageClient) => Promise<void>,
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
  command('sparse.runPattern', runPattern);
  command('sparse.exportMask', exportMask);
}
