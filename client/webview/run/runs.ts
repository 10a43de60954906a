import { LatestWorker } from '../drawing.ts';
import type { MaskChoice } from '../mask-choice.ts';
import { headsToRun, type RunSettings, type RunSummary, runAttention } from './run-attention.ts';
import type { RunView } from './run-view.ts';

/** Outcomes that are kept. */
const KEPT_RUNS = 20;

/** What is kept of runs while the page is away. */
export interface SavedRuns extends RunSettings {
  /** Newest first. */
  readonly runs: readonly RunSummary[];
}

export const NO_RUNS: SavedRuns = { runs: [], allHeads: false, runOn: 'gpu', dtype: 'f32', headDim: null };

/** Runs of attention, one at a time: what the user chose for them, how far one is, and what came out. */
export class Runs {
  readonly #workerUrl: Promise<string>;
  readonly #changed: () => void;
  #runs: readonly RunSummary[];
  #settings: RunSettings;
  #started = 0;
  #progress: number | null = null;
  #failure: string | null = null;
  #abort: AbortController | null = null;

  /** `changed` is called whenever something is to be shown or saved anew. */
  constructor(workerUrl: Promise<string>, saved: SavedRuns, changed: () => void) {
    this.#workerUrl = workerUrl;
    this.#changed = changed;
    const { runs, ...settings } = saved;
    // Outcomes that an older page kept say less.
    this.#runs = runs.filter(run => typeof run.tflops === 'number');
    this.#settings = settings;
  }

  get saved(): SavedRuns {
    return { ...this.#settings, runs: this.#runs };
  }

  get underWay(): boolean {
    return this.#progress !== null;
  }

  view(canRun: boolean, heads: number): RunView {
    const progress = this.#progress;
    const leftMs = progress === null ? null : timeLeft(performance.now() - this.#started, progress);
    return { ...this.saved, progress, leftMs, failure: this.#failure, canRun, heads };
  }

  set(settings: Partial<RunSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
    this.#changed();
  }

  clear(): void {
    this.#runs = [];
    this.#changed();
  }

  cancel(): void {
    this.#abort?.abort();
  }

  /** Says why nothing runs. */
  refuse(reason: string): void {
    this.#failure = reason;
    this.#changed();
  }

  /** Runs attention over the plans of a layer; what goes wrong is shown, and nothing comes back then. */
  async start(choice: MaskChoice): Promise<RunSummary | undefined> {
    const abort = new AbortController();
    const settings = this.#settings;
    this.#abort = abort;
    this.#progress = 0;
    this.#started = performance.now();
    this.#failure = null;
    this.#changed();
    const compiler = new LatestWorker(this.#workerUrl);
    try {
      const heads = headsToRun(choice, settings.allHeads, settings.headDim);
      const cancelled = new Promise<never>((_, reject) => {
        abort.signal.addEventListener('abort', () => reject(new DOMException('Cancelled', 'AbortError')));
      });
      const plans = await Promise.race([compiler.ask({ kind: 'plans', choice, heads: heads.heads }), cancelled]);
      const summary = await runAttention(choice, heads, plans, settings, abort.signal, done => {
        this.#progress = done;
        this.#changed();
      });
      this.#runs = [summary, ...this.#runs].slice(0, KEPT_RUNS);
      return summary;
    } catch (error) {
      this.#failure =
        error instanceof Error && error.name === 'AbortError'
          ? 'The run was cancelled.'
          : `The run failed: ${error instanceof Error ? error.message : String(error)}`;
      return undefined;
    } finally {
      compiler.dispose();
      this.#abort = null;
      this.#progress = null;
      this.#changed();
    }
  }
}

/** Too early to tell before so much is done, or so much time has passed. */
const LEAST_DONE = 0.05;
const LEAST_MS = 1000;

/** Milliseconds that a run still takes if it goes on as fast as so far; null when it is too early to tell. */
export function timeLeft(passedMs: number, done: number): number | null {
  return passedMs < LEAST_MS || done < LEAST_DONE ? null : (passedMs * (1 - done)) / done;
}
