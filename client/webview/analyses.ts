import { LatestWorker, Superseded } from './drawing.ts';
import type { CostAnswer, FlowAnswer, MaskChoice } from './drawing-messages.ts';

/** Answers about the pattern before stay on the page for this long. */
const PATIENCE_MS = 300;

/** An answer, why there is none, or null while it is being computed. */
export type Found<T> = { readonly answer: T } | { readonly problem: string } | null;

/**
 * What the pattern or model on the page costs and how information flows through it: computed in a worker of its own,
 * one after the other, because flow may take seconds.
 */
export class Analyses {
  readonly #worker: LatestWorker;
  readonly #changed: () => void;
  #choice: MaskChoice | null = null;
  #cost: Found<CostAnswer> = null;
  #flow: Found<FlowAnswer> = null;
  /** What the answers are about. */
  #costOf: MaskChoice | null = null;
  #flowOf: MaskChoice | null = null;
  #slow: ReturnType<typeof setTimeout> | undefined;

  /** `changed` is called whenever something is to be shown anew. */
  constructor(workerUrl: Promise<string>, changed: () => void) {
    this.#worker = new LatestWorker(workerUrl);
    this.#changed = changed;
  }

  get cost(): Found<CostAnswer> {
    return this.#cost;
  }

  get flow(): Found<FlowAnswer> {
    return this.#flow;
  }

  async start(choice: MaskChoice): Promise<void> {
    this.#choice = choice;
    // Answers about what was shown before must not pass for those about this; a blink for every edit helps nobody either.
    clearTimeout(this.#slow);
    this.#slow = setTimeout(() => {
      this.#cost = this.#costOf === choice ? this.#cost : null;
      this.#flow = this.#flowOf === choice ? this.#flow : null;
      this.#changed();
    }, PATIENCE_MS);
    const cost = await this.#find(choice, () => this.#worker.ask({ kind: 'cost', choice }));
    if (cost === undefined) return;
    this.#cost = cost;
    this.#costOf = choice;
    this.#changed();
    const flow = await this.#find(choice, () => this.#worker.ask({ kind: 'flow', choice }));
    if (flow === undefined) return;
    this.#flow = flow;
    this.#flowOf = choice;
    this.#changed();
  }

  /** Undefined when the page shows something else by now. */
  async #find<T>(choice: MaskChoice, ask: () => Promise<T>): Promise<NonNullable<Found<T>> | undefined> {
    try {
      const answer = await ask();
      return this.#choice === choice ? { answer } : undefined;
    } catch (error) {
      if (error instanceof Superseded || this.#choice !== choice) return undefined;
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }
}
