import type { Connection } from 'vscode-languageserver';
import type { Diagnostic, RequestType0 } from 'vscode-languageserver-protocol';

/** Asks the editor to ask again. One that refuses, or that has gone in the meantime, does no harm. */
export async function askAgain(connection: Connection, refresh: RequestType0<void, void>): Promise<void> {
  try {
    await connection.sendRequest(refresh);
  } catch {
    // It has what it had before.
  }
}

/** Sends what was found out later about a file; an editor that has gone in the meantime does no harm. */
export async function sendLate(connection: Connection, uri: string, diagnostics: Diagnostic[]): Promise<void> {
  try {
    await connection.sendDiagnostics({ uri, diagnostics });
  } catch {
    // Nobody is there to see it.
  }
}
