import { type Connection, ErrorCodes, ResponseError } from 'vscode-languageserver';
import type { FileReader } from '../module.ts';
import { ReadFileRequest } from '../protocol.ts';

/**
 * Reads imported files through the client, which knows virtual workspaces too; `otherwise` serves clients that do not
 * know the request. What the client says it cannot read is not looked for elsewhere.
 */
export function clientFiles(connection: Connection, otherwise?: FileReader): FileReader {
  return {
    async readFile(uri) {
      try {
        return (await connection.sendRequest(ReadFileRequest, { uri }))?.text ?? null;
      } catch (error) {
        const isUnknown = error instanceof ResponseError && error.code === ErrorCodes.MethodNotFound;
        return isUnknown && otherwise !== undefined ? otherwise.readFile(uri) : null;
      }
    },
  };
}
