import type * as vscode from 'vscode';
import { type FormatName, formatNameOf } from '../../runtime/export/format-names.ts';
import { modelFacts } from '../../runtime/export/model-facts.ts';
import type { ExportSubject, HeadMask } from '../../runtime/export/request.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';

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

/** The masks that are meant, as the exporters want them. Throws when no rule of a model reaches one of them. */
export function exportSubject(model: Model, place: Place, tokens: number, source: string | undefined): ExportSubject {
  const { layer, head } = place;
  const maskOf = (of: number): HeadMask => {
    const pattern = patternAt(model, layer, of);
    if (pattern === undefined) throw new Error(`No rule of ${model.name} reaches layer ${layer}, head ${of}.`);
    return { pattern, shape: shapeAt(model, layer, of, tokens) };
  };
  const facts = { name: model.name, source, ...modelFacts(model, tokens) };
  if (head !== 'all') return { ...facts, ...maskOf(head) };
  const heads = Array.from({ length: model.heads }, (_, of) => maskOf(of));
  return { ...facts, ...maskOf(0), heads, kvHeads: model.kvHeads };
}
