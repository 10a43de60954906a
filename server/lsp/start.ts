import { startLanguageServer } from 'langium/lsp';
import type { Connection } from 'vscode-languageserver';
import type { FileReader } from '../module.ts';
import { clientFiles } from './file-reader.ts';
import { addRequests } from './requests.ts';
import { createSparseServices } from './services.ts';

/** Serves the language over a connection. `files` reads what the client cannot. */
export function startSparseServer(connection: Connection, files?: FileReader): void {
  const { shared } = createSparseServices(clientFiles(connection, files), connection);
  addRequests(connection, shared);
  startLanguageServer(shared);
}
