import { LatestWorker } from '../drawing.ts';
import type { MaskChoice } from '../mask-choice.ts';
import { headsToRun, type RunOn, type RunSummary, runAttention } from './run-attention.ts';
import type { RunView } from './run-view.ts';

/** Outcomes that are kept. */
const KEPT_RUNS = 20;

/** What is kept of runs while the page is away. */
export interface SavedRuns {
  readonly runs: readonly RunSummary[];
  /** Does a run compute all heads of the layer, or the one that is shown? */
  readonly allHeads: boolean;
  readonly runOn: RunOn;
}

export const NO_RUNS: SavedRuns = { runs: [], allHeads: false, runOn: 'gpu' };

/** Runs of attention, one at a time: what the user chose for them, how far one is, and what came out. */
export class Runs {
  readonly #workerUrl: Promise<string>;
  readonly #changed: () => void;
  #runs: readonly RunSummary[];
  #allHeads: boolean;
  #runOn: RunOn;
  #progress: number | null = null;
  #failure: string | null = null;
  #abort: AbortController | null = null;

  /** `changed` is called whenever something is to be shown or saved anew. */
  constructor(workerUrl: Promise<string>, saved: SavedRuns, changed: () => void) {
    this.#workerUrl = workerUrl;
    this.#changed = changed;
    this.#runs = saved.runs;
    this.#allHeads = saved.allHeads;
    this.#runOn = saved.runOn;
  }

  get saved(): SavedRuns {
    return { runs: this.#runs, allHeads: this.#allHeads, runOn: this.#runOn };
  }

  get underWay(): boolean {
    return this.#progress !== null;
  }

  view(canRun: boolean, heads: number): RunView {
    return { ...this.saved, progress: this.#progress, failure: this.#failure, canRun, heads };
  }

  setAllHeads(all: boolean): void {
    this.#allHeads = all;
    this.#changed();
  }

  setRunOn(runOn: RunOn): void {
    this.#runOn = runOn;
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
    this.#abort = abort;
    this.#progress = 0;
    this.#failure = null;
    this.#changed();
    const compiler = new LatestWorker(this.#workerUrl);
    try {
      const heads = headsToRun(choice, this.#allHeads);
      const cancelled = new Promise<never>((_, reject) => {
        abort.signal.addEventListener('abort', () => reject(new DOMException('Cancelled', 'AbortError')));
      });
      const plans = await Promise.race([compiler.ask({ kind: 'plans', choice, heads: heads.heads }), cancelled]);
      const summary = await runAttention(choice, heads, plans, this.#runOn, abort.signal, done => {
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
