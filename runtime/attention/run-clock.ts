/** The parts of a run, in their order. */
export type RunStage = 'sparse' | 'check' | 'full';

/** How far a run is. */
export interface RunProgress {
  readonly stage: RunStage;
  /** Share of the time that has passed of what the run is expected to take, 0 to 1; never less than it was before. */
  readonly done: number;
  /** Milliseconds that the run still takes; null when it is too early to tell. */
  readonly leftMs: number | null;
}

/** A stage tells something about its speed when it has gone on for so long, and so much of it is done. */
const LEAST_MS = 200;
const LEAST_DONE = 0.01;

/**
 * Tells from the speed of a run so far how long it still takes. A stage's own time left goes by its speed since its first
 * sign of life: what is compiled or tried before that says nothing about the rest. Stages to come take what they are
 * expected to.
 */
export class RunClock {
  readonly #now: () => number;
  readonly #started: number;
  readonly #told: (progress: RunProgress) => void;
  #stage: RunStage = 'sparse';
  /** When the stage gave its first sign of life, and how much of it was done. */
  #first: { readonly at: number; readonly done: number } | undefined;
  #before = 0;
  #toCome: (stageMs: number | null) => number | null = () => null;
  #done = 0;

  constructor(told: (progress: RunProgress) => void, now: () => number = () => performance.now()) {
    this.#told = told;
    this.#now = now;
    this.#started = now();
  }

  /**
   * Another stage begins.
   *
   * @param toCome milliseconds that the stages after it take, when this one takes `stageMs` (null: not known yet)
   */
  begin(stage: RunStage, toCome: (stageMs: number | null) => number | null): void {
    this.#stage = stage;
    this.#first = undefined;
    this.#toCome = toCome;
    this.#told({ stage, done: this.#done, leftMs: null });
  }

  /** So much of the stage is done, 0 to 1. */
  progress(done: number): void {
    const at = this.#now();
    // A stage that is gone through once more begins again.
    if (this.#first === undefined || done < this.#before) this.#first = { at, done };
    this.#before = done;
    const passed = at - this.#first.at;
    const share = done - this.#first.done;
    const rate = passed >= LEAST_MS && share >= LEAST_DONE ? share / passed : null;
    const stageLeft = done >= 1 ? 0 : rate === null ? null : (1 - done) / rate;
    const toCome = this.#toCome(rate === null ? null : 1 / rate);
    const leftMs = stageLeft === null || toCome === null ? null : stageLeft + toCome;
    const elapsed = at - this.#started;
    if (leftMs !== null) this.#done = Math.max(this.#done, elapsed / Math.max(1, elapsed + leftMs));
    this.#told({ stage: this.#stage, done: this.#done, leftMs });
  }
}
