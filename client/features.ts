import type * as vscode from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';

/** Adds what people touch: commands and the preview. */
export function registerFeatures(_context: vscode.ExtensionContext, _client: BaseLanguageClient): void {}
