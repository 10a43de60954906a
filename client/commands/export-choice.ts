import type * as vscode from 'vscode';
import { type FormatName, formatNameOf } from '../../runtime/export/format-names.ts';
import type { Adjustments } from '../../server/protocol.ts';

/** Whose mask is exported: a head, or all heads of a layer. */
export interface Place {
  readonly layer: number;
  readonly head: number | 'all';
}

/** Everything that somebody chose to export a mask, which is all that a repetition needs. */
export interface ExportChoice extends Place {
  /** The .sparse file. */
  readonly uri: string;
  readonly name: string;
  readonly tokens: number;
  /** Values that were tried out in the preview and take the place of what is written. */
  readonly adjustments?: Adjustments;
  /** Labels of parts that were hidden there, and are left out. */
  readonly hidden?: readonly string[];
  readonly format: FormatName['id'];
  readonly approximate: boolean;
  /** The file that is written. */
  readonly file: string;
}

const KEY = 'sparse.lastExport';

/** What was exported last in this workspace. */
export class ExportMemory {
  readonly #state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  /** Undefined when there is nothing, or when it is of a version that knew other formats. */
  get last(): ExportChoice | undefined {
    const last = this.#state.get<ExportChoice>(KEY);
    return last !== undefined && formatNameOf(last.format) !== undefined ? last : undefined;
  }

  async keep(choice: ExportChoice): Promise<void> {
    await this.#state.update(KEY, choice);
  }
}
