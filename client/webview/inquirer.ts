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
  /** The questions about it that are under way: an object of its own for each time. */
  #work: object | undefined;
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
      // The same mask may be back before what was given up has ended.
      this.#work = undefined;
      this.#worker.giveUp();
      clearTimeout(this.#slow);
      // Answers about what was shown before must not pass for those about this.
      this.#slow = setTimeout(() => {
        for (const { kind } of this.#questions) if (!this.#known.has(kind)) this.#put(kind, null);
      }, PATIENCE_MS);
    }
    if (settled === choice && this.#work === undefined && this.#next() !== undefined) void this.#askAll(choice);
  }

  #next(): Question | undefined {
    const { folded } = this.#store.state;
    return this.#questions.find(
      ({ kind, sections }) => !this.#known.has(kind) && (sections?.some(id => !folded.includes(id)) ?? true),
    );
  }

  async #askAll(choice: MaskChoice): Promise<void> {
    const work = {};
    this.#work = work;
    for (let question = this.#next(); question !== undefined; question = this.#next()) {
      await this.#find(question.kind, choice, work);
      if (this.#work !== work) return;
    }
    this.#work = undefined;
  }

  async #find<K extends Inquiry>(kind: K, choice: MaskChoice, work: object): Promise<void> {
    let found: Found<DrawingAnswers[K]>;
    try {
      found = { answer: await this.#worker.ask({ kind, choice }) };
    } catch (error) {
      if (error instanceof Superseded) return;
      found = { problem: messageOf(error) };
    }
    if (this.#work !== work) return;
    this.#known.add(kind);
    this.#put(kind, found);
  }

  #put<K extends Inquiry>(kind: K, found: Found<DrawingAnswers[K]>): void {
    this.#store.update(({ answers }) => ({ answers: { ...answers, [kind]: found } }));
  }
}
