import { Superseded } from './drawing.ts';
import type { DrawingAnswers, Inquiry } from './drawing-messages.ts';
import type { MaskChoice } from './mask-choice.ts';
import { type PageServices, startWorker } from './page-services.ts';
import { shownOf } from './shown.ts';
import { type Found, messageOf } from './state.ts';

/** Answers about the mask before stay on the page for this long: a blink for every edit helps nobody. */
const PATIENCE_MS = 300;

/** Something to find out about the mask that is shown. */
export interface Question {
  readonly kind: Inquiry;
  /** The sections that show the answer: while all of them are folded nobody asks. Left out: somebody always wants it. */
  readonly sections?: readonly string[];
}

/**
 * Asks these questions again whenever another mask is shown, one after the other in a worker of their own, and puts the
 * answers into the state. Those of folded sections wait until one is opened.
 */
export function inquire(page: PageServices, questions: readonly Question[]): void {
  const { store } = page;
  const worker = startWorker(page);
  let current: MaskChoice | undefined;
  /** What is not known yet about it. */
  let left = new Set<Inquiry>();
  /** What the worker is asked about. */
  let working: MaskChoice | undefined;
  let slow: ReturnType<typeof setTimeout> | undefined;

  const put = <K extends Inquiry>(question: K, found: Found<DrawingAnswers[K]>): void =>
    store.update(({ answers }) => ({ answers: { ...answers, [question]: found } }));

  const find = async <K extends Inquiry>(kind: K, choice: MaskChoice): Promise<boolean> => {
    let found: Found<DrawingAnswers[K]>;
    try {
      found = { answer: await worker.ask({ kind, choice }) };
    } catch (error) {
      if (error instanceof Superseded) return false;
      found = { problem: messageOf(error) };
    }
    if (current !== choice) return false;
    left.delete(kind);
    put(kind, found);
    return true;
  };

  const next = (): Question | undefined => {
    const { folded } = store.state;
    return questions.find(
      ({ kind, sections }) => left.has(kind) && (sections?.some(id => !folded.includes(id)) ?? true),
    );
  };

  const work = async (choice: MaskChoice): Promise<void> => {
    working = choice;
    for (let question = next(); question !== undefined; question = next())
      if (!(await find(question.kind, choice))) return;
    working = undefined;
  };

  const look = (): void => {
    const shown = shownOf(store.state);
    if (shown === null || shown.bound === null) return;
    const { choice } = shown;
    if (choice !== current) {
      current = choice;
      left = new Set(questions.map(({ kind }) => kind));
      clearTimeout(slow);
      // Answers about what was shown before must not pass for those about this.
      slow = setTimeout(() => {
        for (const question of left) put(question, null);
      }, PATIENCE_MS);
    }
    if (working !== choice && next() !== undefined) void work(choice);
  };
  store.subscribe(look);
  look();
}
