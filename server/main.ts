import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node.js';
import { tooLarge } from '../runtime/export/read-mask-file.ts';
import { startSparseServer } from './lsp/start.ts';
import { FileProblem } from './mask-files.ts';

// What a keystroke leaves behind is a few times what is kept: collected a little earlier, it halves the memory of a long
// session and costs no time that anybody notices.
setFlagsFromString('--heap-growing-percent=40');

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
  async readBytes(uri, most) {
    if (!uri.startsWith('file:')) return null;
    const file = fileURLToPath(uri);
    const status = await stat(file).catch(() => null);
    if (status === null) return null;
    if (status.isDirectory()) throw new FileProblem('it is a folder');
    // A pipe may never end.
    if (!status.isFile()) throw new FileProblem('it is no ordinary file');
    if (status.size > most) throw new FileProblem(tooLarge(most));
    return await readFile(file);
  },
});
