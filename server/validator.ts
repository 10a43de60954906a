import {
  type Cancellation,
  type DocumentValidator,
  interruptAndCheck,
  type LangiumCoreServices,
  type LangiumDocument,
  type ValidationOptions,
} from 'langium';
import type { Diagnostic } from 'vscode-languageserver-types';
import { Facts } from './check/facts.ts';
import { Memory } from './check/memory.ts';
import { DocumentCheck } from './check.ts';
import { diagnosticsOf, type PageOf } from './diagnostics.ts';
import type { Idle } from './slow-answers.ts';

export interface ValidatorOptions {
  /** Milliseconds after which the answer is what is known so far; the rest is left in `unfinished`. */
  readonly patience?: number;
  readonly pageOf?: PageOf;
  /** When facts are found out for which there was no time. */
  readonly idle?: Idle;
}

/** Runs our checks instead of Langium's: one list, in the order of the text. */
export class SparseValidator implements DocumentValidator {
  readonly #services: LangiumCoreServices;
  readonly #facts: Facts;
  readonly #memory = new Memory();
  readonly #patience: number;
  readonly #pageOf: PageOf;
  /** Checks that were not done when the answer was wanted, or for which facts came too late. */
  readonly unfinished = new WeakMap<LangiumDocument, DocumentCheck>();

  constructor(services: LangiumCoreServices, options: ValidatorOptions = {}) {
    this.#services = services;
    this.#facts = new Facts(undefined, options.idle);
    this.#patience = options.patience ?? Number.POSITIVE_INFINITY;
    this.#pageOf = options.pageOf ?? (() => undefined);
  }

  async validateDocument(
    document: LangiumDocument,
    _options?: ValidationOptions,
    cancelToken?: Cancellation.CancellationToken,
  ): Promise<Diagnostic[]> {
    this.unfinished.delete(document);
    const end = performance.now() + this.#patience;
    const check = this.begin(document);
    while (!check.done && performance.now() < end) {
      this.step(check, end);
      // The next edit makes the rest pointless.
      if (cancelToken !== undefined) await interruptAndCheck(cancelToken);
    }
    if (!check.done || !check.isSettled) this.unfinished.set(document, check);
    return this.diagnosticsOf(document, check);
  }

  /** A check of a document as it is now. */
  begin(document: LangiumDocument): DocumentCheck {
    return new DocumentCheck(document, this.#services.shared.workspace.LangiumDocuments, this.#facts, this.#memory);
  }

  /** Finds out one thing more; facts that are not known at `end`, by `performance.now()`, are left for later. */
  step(check: DocumentCheck, end: number): void {
    this.#facts.deadline = end;
    check.step();
  }

  /** What a check has found so far. */
  diagnosticsOf(document: LangiumDocument, check: DocumentCheck): Diagnostic[] {
    return diagnosticsOf(document, check.findings, this.#pageOf);
  }
}
