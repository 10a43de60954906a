import { Superseded } from './drawing.ts';
import type { DrawingAnswers, Inquiry } from './drawing-messages.ts';
import type { MaskChoice } from './mask-choice.ts';
import { type PageServices, startWorker } from './page-services.ts';
import { shownOf } from './shown.ts';
import { type Found, messageOf } from './state.ts';

/** Answers about the mask before stay on the page for this long: a blink for every edit helps nobody. */
const PATIENCE_MS = 300;

/**
 * Asks these questions again whenever another mask is shown, one after the other in a worker of their own, and puts the
 * answers into the state.
 */
export function inquire(page: PageServices, questions: readonly Inquiry[]): void {
  const { store } = page;
  const worker = startWorker(page);
  let current: MaskChoice | undefined;
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
    put(kind, found);
    return true;
  };

  const start = async (choice: MaskChoice): Promise<void> => {
    const waiting = new Set(questions);
    clearTimeout(slow);
    // Answers about what was shown before must not pass for those about this.
    slow = setTimeout(() => {
      for (const question of waiting) put(question, null);
    }, PATIENCE_MS);
    for (const question of questions) {
      if (!(await find(question, choice))) return;
      waiting.delete(question);
    }
  };

  const look = (): void => {
    const shown = shownOf(store.state);
    if (shown === null || shown.bound === null || shown.choice === current) return;
    current = shown.choice;
    void start(shown.choice);
  };
  store.subscribe(look);
  look();
}
