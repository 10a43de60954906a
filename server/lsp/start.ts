import { startLanguageServer } from 'langium/lsp';
import type { Connection } from 'vscode-languageserver';
import type { FileReader } from '../module.ts';
import { clientFiles } from './file-reader.ts';
import { refreshInlayHints } from './inlay-hints.ts';
import { addLinkedEditing } from './linked-editing.ts';
import { addRequests } from './requests.ts';
import { addSelectionRanges } from './selection-ranges.ts';
import { createSparseServices } from './services.ts';
import { clientWorkspace } from './workspace-files.ts';

/** Serves the language over a connection. `files` reads what the client cannot. */
export function startSparseServer(connection: Connection, files?: FileReader): void {
  const services = createSparseServices(clientFiles(connection, files), connection, clientWorkspace(connection));
  const { shared, counter, idle } = services;
  addRequests(connection, shared, shared.workspace.ConfigurationProvider, counter, idle);
  addLinkedEditing(connection, services);
  addSelectionRanges(connection, shared);
  refreshInlayHints(connection, shared, shared.workspace.ConfigurationProvider, idle);
  startLanguageServer(shared);
}
