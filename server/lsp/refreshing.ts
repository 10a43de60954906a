import type { Connection } from 'vscode-languageserver';
import type { RequestType0 } from 'vscode-languageserver-protocol';

/** Asks the editor to ask again. One that refuses, or that has gone in the meantime, does no harm. */
export async function askAgain(connection: Connection, refresh: RequestType0<void, void>): Promise<void> {
  try {
    await connection.sendRequest(refresh);
  } catch {
    // It has what it had before.
  }
}
