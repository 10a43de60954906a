import * as vscode from 'vscode';
import { LowerRequest } from '../../server/protocol.ts';
import type { RestartableClient } from '../restartable-client.ts';
import type { OtherName, ToPage } from './messages.ts';

/** What a preview is compared with: a declaration of any file, lowered again whenever that changes. */
export class OtherDeclaration {
  readonly #client: RestartableClient;
  readonly #post: (message: ToPage) => void;
  #other: OtherName | null = null;
  /** Length at which it is wanted; null: its own. */
  #tokens: number | null = null;
  #asked = 0;

  constructor(client: RestartableClient, post: (message: ToPage) => void) {
    this.#client = client;
    this.#post = post;
  }

  compareWith(other: OtherName | null, tokens: number | null): void {
    this.#other = other;
    this.#tokens = tokens;
    void this.#send();
  }

  /** A file was changed. */
  changed(uri: string): void {
    if (this.#other !== null && vscode.Uri.parse(this.#other.uri).toString() === uri) void this.#send();
  }

  async #send(): Promise<void> {
    const other = this.#other;
    const asked = ++this.#asked;
    if (other === null) return;
    const lowered = await this.#lower(other).catch((error: unknown) => ({
      ok: false as const,
      message: error instanceof Error ? error.message : String(error),
    }));
    // Something else was asked for meanwhile.
    if (asked !== this.#asked) return;
    this.#post(
      lowered.ok
        ? { type: 'other', ...other, model: lowered.model, problem: null }
        : { type: 'other', ...other, model: null, problem: lowered.message },
    );
  }

  async #lower({ uri, name }: OtherName) {
    // The server knows open documents only.
    await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
    const tokens = this.#tokens;
    const lowered = await this.#client.sendRequest(LowerRequest, { uri, name, ...(tokens === null ? {} : { tokens }) });
    if (lowered === null) throw new Error(`${uri} is not open in the language server.`);
    return lowered;
  }
}
