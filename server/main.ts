import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node.js';
import { startSparseServer } from './lsp/start.ts';

// The server as a process: over IPC for VS Code, over --stdio for other editors, which may not read files for us.
startSparseServer(createConnection(ProposedFeatures.all), {
  async readFile(uri) {
    if (!uri.startsWith('file:')) return null;
    try {
      return await readFile(fileURLToPath(uri), 'utf8');
    } catch {
      return null;
    }
  },
});
