import { type Connection, ErrorCodes, ResponseError } from 'vscode-languageserver';
import { fromBase64 } from '../../runtime/tensor/base64.ts';
import { FileProblem } from '../mask-files.ts';
import type { FileReader } from '../module.ts';
import { type ReadFileParams, ReadFileRequest, type ReadFileResult } from '../protocol.ts';

/**
 * Reads imported files and mask files through the client, which knows virtual workspaces too; `otherwise` serves clients
 * that do not know the request. What the client says it cannot read is not looked for elsewhere.
 */
export function clientFiles(connection: Connection, otherwise?: FileReader): FileReader {
  /** The client's answer; undefined when it does not know the request, to which some editors (Emacs) answer null. */
  const ask = async (params: ReadFileParams): Promise<ReadFileResult | undefined> => {
    try {
      return (await connection.sendRequest(ReadFileRequest, params)) ?? undefined;
    } catch (error) {
      const isUnknown = error instanceof ResponseError && error.code === ErrorCodes.MethodNotFound;
      return isUnknown ? undefined : { missing: true };
    }
  };
  return {
    async readFile(uri) {
      const answer = await ask({ uri });
      if (answer === undefined) return (await otherwise?.readFile(uri)) ?? null;
      return 'text' in answer ? answer.text : null;
    },
    async readBytes(uri, most) {
      const answer = await ask({ uri, mostBytes: most });
      if (answer === undefined) return (await otherwise?.readBytes?.(uri, most)) ?? null;
      if ('problem' in answer) throw new FileProblem(answer.problem);
      return 'base64' in answer ? fromBase64(answer.base64) : null;
    },
  };
}
