import type { Connection } from 'vscode-languageserver';
import type { FileReader } from '../module.ts';
import { ReadFileRequest } from '../protocol.ts';

/** Reads imported files through the client, which knows virtual workspaces too; `otherwise` serves clients that do not. */
export function clientFiles(connection: Connection, otherwise?: FileReader): FileReader {
  return {
    async readFile(uri) {
      try {
        const answer = await connection.sendRequest(ReadFileRequest, { uri });
        if (answer !== null) return answer.text;
      } catch {
        // The client does not know the request.
      }
      return otherwise === undefined ? null : otherwise.readFile(uri);
    },
  };
}
