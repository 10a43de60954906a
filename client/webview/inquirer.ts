import { LatestWorker, Superseded } from './drawing.ts';
import type { DrawingAnswers, Inquiry } from './drawing-messages.ts';
import type { MaskChoice } from './mask-choice.ts';
import { shownOf } from './shown.ts';
import { type Found, messageOf, type State } from './state.ts';
import type { Store } from './store.ts';

/** Answers about the mask before stay on the page for this long: a blink for every edit helps nobody. */
const PATIENCE_MS = 600;

/** Something to find out about the mask that is shown. */
export interface Question {
  readonly kind: Inquiry;
  /** The sections that show the answer: while all of them are folded nobody asks. Left out: somebody always wants it. */
  readonly sections?: readonly string[];
}

/** In which order questions are asked: what is quickly known and looked at first. */
const ORDER: readonly Inquiry[] = ['measure', 'rows', 'cost', 'design', 'fit', 'scaling', 'flow'];

/**
 * Asks the questions of all sections about the mask that is shown, one after the other in one worker, and puts the answers
 * into the state. The picture comes first: nothing is asked before it is there, and an edit ends what is under way, so that
 * the processor is free for the next picture.
 */
export class Inquirer {
  readonly #store: Store<State>;
  readonly #worker: LatestWorker;
  readonly #questions: Question[] = [];
  #current: MaskChoice | undefined;
  /** What is known about it. */
  #known = new Set<Inquiry>();
  /** What the worker is asked about. */
  #working: MaskChoice | undefined;
  #slow: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store<State>, workerUrl: () => Promise<string>) {
    this.#store = store;
    this.#worker = new LatestWorker(workerUrl);
    store.subscribe(() => this.#look());
  }

  add(questions: readonly Question[]): void {
    this.#questions.push(...questions);
    this.#questions.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
    this.#look();
  }

  #look(): void {
    const { settled } = this.#store.state;
    const shown = shownOf(this.#store.state);
    if (shown === null || shown.bound === null) return;
    const { choice } = shown;
    if (choice !== this.#current) {
      this.#current = choice;
      this.#known = new Set();
      this.#worker.giveUp();
      clearTimeout(this.#slow);
      // Answers about what was shown before must not pass for those about this.
      this.#slow = setTimeout(() => {
        for (const { kind } of this.#questions) if (!this.#known.has(kind)) this.#put(kind, null);
      }, PATIENCE_MS);
    }
    if (settled === choice && this.#working !== choice && this.#next() !== undefined) void this.#work(choice);
  }

  #next(): Question | undefined {
    const { folded } = this.#store.state;
    return this.#questions.find(
      ({ kind, sections }) => !this.#known.has(kind) && (sections?.some(id => !folded.includes(id)) ?? true),
    );
  }

  async #work(choice: MaskChoice): Promise<void> {
    this.#working = choice;
    for (let question = this.#next(); question !== undefined; question = this.#next())
      if (!(await this.#find(question.kind, choice))) return;
    this.#working = undefined;
  }

  async #find<K extends Inquiry>(kind: K, choice: MaskChoice): Promise<boolean> {
    let found: Found<DrawingAnswers[K]>;
    try {
      found = { answer: await this.#worker.ask({ kind, choice }) };
    } catch (error) {
      if (error instanceof Superseded) return false;
      found = { problem: messageOf(error) };
    }
    if (this.#current !== choice) return false;
    this.#known.add(kind);
    this.#put(kind, found);
    return true;
  }

  #put<K extends Inquiry>(kind: K, found: Found<DrawingAnswers[K]>): void {
    this.#store.update(({ answers }) => ({ answers: { ...answers, [kind]: found } }));
  }
}
