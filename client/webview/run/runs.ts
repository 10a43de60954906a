import { isAbort } from '../../../runtime/attention/abort.ts';
import type { Ran, RunFound, RunRequest, RunStep } from '../../run/run-request.ts';
import { count } from '../format.ts';
import type { MaskChoice } from '../mask-choice.ts';
import { messageOf } from '../state.ts';
import { DEFAULT_SETTINGS, type RunSettings } from './run-settings.ts';
import { type RunSummary, summaryOf, tooLargeText } from './run-summary.ts';
import { nextOfSweep, SWEEP_START, sweepEnd } from './sweep.ts';

/** Outcomes that are kept. */
const KEPT_RUNS = 60;

/** What is kept of runs while the page is away. */
export interface SavedRuns extends RunSettings {
  /** Newest first. */
  readonly runs: readonly RunSummary[];
  /** What runs just now: a page that comes back and finds this was away before it was done. */
  readonly underWay: string | null;
}

export const NO_RUNS: SavedRuns = { ...DEFAULT_SETTINGS, runs: [], underWay: null };

/** A run that came to its end in this page: what its weights are computed from, and where its output differs. */
export interface LatestRun {
  readonly request: RunRequest;
  readonly ran: Ran;
  readonly name: string;
  /** By which whoever computed it knows it; null when that was not the page's worker. */
  readonly id: number | null;
}

/** What is under way. */
export interface UnderWay {
  readonly name: string;
  readonly tokens: number;
  readonly step: RunStep;
  /** Of a sweep: seconds until it ends at the latest. */
  readonly sweepLeftMs: number | null;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onStep: (step: RunStep) => void;
}

/** What runs need of the page. */
export interface RunServices {
  /** URI of the file whose declaration runs. */
  file(): string | null;
  /** The run of a mask at a length (null: what was chosen) with what was chosen. */
  request(
    choice: MaskChoice,
    tokens: number | null,
    settings: RunSettings,
    signal: AbortSignal,
    longestFullMs?: number,
  ): Promise<RunRequest>;
  /** Computes it; `id` as in `LatestRun`. */
  compute(
    request: RunRequest,
    settings: RunSettings,
    options: RunOptions,
  ): Promise<{ readonly found: RunFound; readonly id: number | null }>;
  /** Something is to be shown or saved anew. */
  changed(): void;
}

const START: RunStep = { stage: 'start', done: 0, leftMs: null };

/** Runs of attention, one at a time: what the user chose for them, how far one is, and what came out. */
export class Runs {
  readonly #services: RunServices;
  #runs: readonly RunSummary[];
  #settings: RunSettings;
  #underWay: UnderWay | null = null;
  #notice: string | null;
  #remark: string | null = null;
  #latest: LatestRun | null = null;
  #abort: AbortController | null = null;

  constructor(services: RunServices, saved: SavedRuns) {
    this.#services = services;
    const { runs, underWay, ...settings } = saved;
    // Outcomes that an older page kept say less.
    this.#runs = runs.filter(run => typeof run.pairs === 'number');
    this.#settings = settings;
    this.#notice = underWay === null ? null : `${underWay} was cut off when the preview was hidden or loaded again.`;
  }

  get saved(): SavedRuns {
    const now = this.#underWay;
    const underWay = now === null ? null : `The run of ${now.name} at n = ${count(now.tokens)}`;
    return { ...this.#settings, runs: this.#runs, underWay };
  }

  get settings(): RunSettings {
    return this.#settings;
  }

  get runs(): readonly RunSummary[] {
    return this.#runs;
  }

  get underWay(): UnderWay | null {
    return this.#underWay;
  }

  /** Why the last thing that was asked for did not happen, or null. */
  get notice(): string | null {
    return this.#notice;
  }

  /** How the last thing that was asked for came to its end, where there is something to say, or null. */
  get remark(): string | null {
    return this.#remark;
  }

  get latest(): LatestRun | null {
    return this.#latest;
  }

  set(settings: Partial<RunSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
    this.#services.changed();
  }

  clear(): void {
    this.#runs = [];
    this.#latest = null;
    this.#services.changed();
  }

  cancel(): void {
    this.#abort?.abort();
  }

  /** Says why nothing runs; null: that is so no more. */
  refuse(reason: string | null): void {
    this.#notice = reason;
    this.#services.changed();
  }

  /** Runs attention over a mask; what goes wrong is shown, and nothing comes back then. */
  start(choice: MaskChoice): Promise<RunSummary | undefined> {
    return this.#during(choice, signal => this.#run(choice, null, null, signal));
  }

  /** Runs one length after the other, each twice the one before, as far as the time goes that was set for it. */
  sweep(choice: MaskChoice): Promise<RunSummary | undefined> {
    return this.#during(choice, async signal => {
      const began = performance.now();
      const ends = began + 1000 * this.#settings.sweepSeconds;
      const sweep = Date.now();
      let last: RunSummary | undefined;
      let tokens = Math.max(SWEEP_START, nextPower(choice.model.queries ?? 1));
      const took: number[] = [];
      for (;;) {
        const started = performance.now();
        const ran = await this.#run(choice, tokens, { sweep, ends }, signal);
        if (ran === undefined) return last;
        last = ran;
        took.push(performance.now() - started);
        const next = nextOfSweep(tokens, took, ends - performance.now());
        if (next === null) break;
        tokens = next;
      }
      this.#remark = sweepEnd(tokens, this.#settings.sweepSeconds);
      return last;
    });
  }

  async #during<T>(choice: MaskChoice, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#notice = null;
    this.#remark = null;
    this.#tell({ name: choice.model.name, tokens: choice.tokens, step: START, sweepLeftMs: null });
    try {
      return await work(abort.signal);
    } catch (error) {
      this.#notice = isAbort(error) ? 'The run was cancelled.' : `The run failed: ${messageOf(error)}`;
      return undefined;
    } finally {
      this.#abort = null;
      this.#tell(null);
    }
  }

  async #run(
    choice: MaskChoice,
    tokens: number | null,
    part: { readonly sweep: number; readonly ends: number } | null,
    signal: AbortSignal,
  ): Promise<RunSummary | undefined> {
    const settings = this.#settings;
    const { name } = choice.model;
    const file = this.#services.file();
    const leftMs = (): number | null => (part === null ? null : Math.max(0, part.ends - performance.now()));
    const told = (step: RunStep, at: number): void => this.#tell({ name, tokens: at, step, sweepLeftMs: leftMs() });
    told(START, tokens ?? settings.tokens ?? choice.tokens);
    // The larger lengths of a sweep shall have their turn, too.
    const longestFullMs = part === null ? undefined : (leftMs() ?? 0) / 2;
    const request = await this.#services.request(choice, tokens, settings, signal, longestFullMs);
    const { found, id } = await this.#services.compute(request, settings, {
      signal,
      onStep: step => told(step, request.tokens),
    });
    if (found.kind === 'tooLarge') {
      this.#notice = tooLargeText(found, request, settings.runOn, this.#runs);
      return undefined;
    }
    const summary = summaryOf({ name, file }, request, settings.runOn, found, part?.sweep ?? null);
    this.#latest = { request, ran: found, name, id };
    this.#runs = [summary, ...this.#runs].slice(0, KEPT_RUNS);
    this.#services.changed();
    return summary;
  }

  #tell(underWay: UnderWay | null): void {
    this.#underWay = underWay;
    this.#services.changed();
  }
}

function nextPower(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
