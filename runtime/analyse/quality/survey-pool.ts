import { Crew } from '../../attention/cpu/crew.ts';
import { type Batched, handOut, type Posted } from '../../attention/cpu/hand-out.ts';
import type { WorkerHost } from '../../attention/cpu/worker-host.ts';
import { surveyWorkerSource } from './generated/worker.ts';
import type { FromSurveyWorker, ToSurveyWorker } from './messages.ts';
import {
  addTotals,
  type HeadTotals,
  pairsSeen,
  type RowRange,
  rowBatches,
  type SurveyedHead,
  type SurveyProgress,
} from './survey.ts';
import { rowsOf } from './survey-rows.ts';

/** Looks at heads on workers, which are kept between them. One head at a time. */
export class SurveyPool {
  readonly #crew: Crew<FromSurveyWorker>;
  readonly #threads: number;

  /** @param wasm the build of the kernel to use */
  constructor(host: WorkerHost, wasm: Uint8Array<ArrayBuffer>) {
    this.#crew = new Crew(host, surveyWorkerSource, { type: 'load', wasm } satisfies ToSurveyWorker);
    this.#threads = host.threads;
  }

  /** @throws WorkerError when workers do not start or die; AbortError when the signal fires */
  async survey(head: SurveyedHead, { signal, onProgress }: SurveyProgress): Promise<HeadTotals> {
    const work = new HeadWork(head, onProgress);
    await handOut(this.#crew, this.#threads, work, signal);
    return work.totals();
  }

  dispose(): void {
    this.#crew.dispose();
  }
}

class HeadWork implements Batched<FromSurveyWorker, HeadTotals> {
  readonly #head: SurveyedHead;
  readonly #ranges: readonly RowRange[];
  readonly #onProgress: SurveyProgress['onProgress'];
  /** Totals that came before those of an earlier batch. */
  readonly #early = new Map<number, HeadTotals>();
  #sum: HeadTotals | undefined;
  #added = 0;
  #done = 0;

  constructor(head: SurveyedHead, onProgress: SurveyProgress['onProgress']) {
    this.#head = head;
    this.#ranges = rowBatches(head);
    this.#onProgress = onProgress;
  }

  get batches(): number {
    return this.#ranges.length;
  }

  common(): Posted {
    const { k, headDim, scale, baseline, queries, keys, offset } = this.#head;
    const own = k.slice();
    const head = { k: own, headDim, scale, baseline, queries, keys, offset };
    return { message: { type: 'head', head } satisfies ToSurveyWorker, transfer: [own.buffer] };
  }

  batch(index: number): Posted {
    const rows = rowsOf(this.#head, this.#range(index));
    const transfer = [rows.q, rows.wanted, rows.bits].map(({ buffer }) => buffer as ArrayBuffer);
    return { message: { type: 'rows', rows } satisfies ToSurveyWorker, transfer };
  }

  resultOf(message: FromSurveyWorker): HeadTotals | undefined {
    return message.type === 'surveyed' ? message.totals : undefined;
  }

  /** Adds them up in the order of the rows, whatever the order in which they come. */
  put(index: number, totals: HeadTotals): void {
    this.#early.set(index, totals);
    for (let next = this.#early.get(this.#added); next !== undefined; next = this.#early.get(this.#added)) {
      this.#early.delete(this.#added++);
      this.#sum = this.#sum === undefined ? next : addTotals(this.#sum, next);
    }
    this.#done += pairsSeen(this.#head, this.#range(index));
    this.#onProgress?.(this.#done / pairsSeen(this.#head, { from: 0, to: this.#head.queries }));
  }

  totals(): HeadTotals {
    if (this.#sum === undefined) throw new RangeError('a head has rows');
    return this.#sum;
  }

  #range(index: number): RowRange {
    const range = this.#ranges[index];
    if (range === undefined) throw new RangeError(`there is no batch ${index}`);
    return range;
  }
}
