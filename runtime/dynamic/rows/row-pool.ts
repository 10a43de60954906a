import { Crew } from '../../attention/cpu/crew.ts';
import { type Batched, handOut } from '../../attention/cpu/hand-out.ts';
import type { WorkerHost } from '../../attention/cpu/worker-host.ts';
import { allBlocks, type BlockRange, queriesOf } from './choose-rows.ts';
import { type ChosenRows, joined } from './chosen-rows.ts';
import { rowWorkerSource } from './generated/worker.ts';
import type { FromRowWorker, ToRowWorker } from './messages.ts';
import { type RowProgress, type RowRequest, scoresCost } from './row-rule.ts';

/** Multiply-adds of one message: less than a tenth of a second. */
const BATCH = 2 ** 29;

/** Chooses keys on workers, which are kept between requests. One request at a time. */
export class RowPool {
  readonly #crew: Crew<FromRowWorker>;
  readonly #threads: number;

  constructor(host: WorkerHost, wasm: Uint8Array<ArrayBuffer>) {
    this.#crew = new Crew(host, rowWorkerSource, { type: 'load', wasm } satisfies ToRowWorker);
    this.#threads = host.threads;
  }

  /** @throws WorkerError when workers do not start or die; AbortError when the signal fires */
  async choose(request: RowRequest, { signal, onProgress }: RowProgress): Promise<ChosenRows> {
    const ranges = batchesOf(request, this.#threads);
    const all = scoresCost(request, 0, allBlocks(request).to);
    const chosen: ChosenRows[] = [];
    let done = 0;
    const rangeOf = (index: number): BlockRange => {
      const range = ranges[index];
      if (range === undefined) throw new RangeError(`there is no batch ${index}`);
      return range;
    };
    const work: Batched<FromRowWorker, ChosenRows> = {
      batches: ranges.length,
      common() {
        const { q: _, ...head } = request;
        const k = head.k.slice();
        return { message: { type: 'head', head: { ...head, k } } satisfies ToRowWorker, transfer: [k.buffer] };
      },
      batch(index) {
        const range = rangeOf(index);
        // A copy: what is posted of a view is all of its buffer.
        const q = queriesOf(request, range).slice();
        return { message: { type: 'rows', range, q } satisfies ToRowWorker, transfer: [q.buffer] };
      },
      resultOf: message => (message.type === 'chosen' ? message.rows : undefined),
      put(index, rows) {
        chosen[index] = rows;
        const { from, to } = rangeOf(index);
        done += scoresCost(request, from, to);
        onProgress?.(done / all);
      },
    };
    await handOut(this.#crew, this.#threads, work, signal);
    return joined(chosen);
  }

  dispose(): void {
    this.#crew.dispose();
  }
}

/** Neighbouring row blocks of about equal cost. */
function batchesOf(request: RowRequest, threads: number): BlockRange[] {
  const { to: blocks } = allBlocks(request);
  const most = Math.min(BATCH, scoresCost(request, 0, blocks) / (4 * threads));
  const batches: BlockRange[] = [];
  for (let from = 0; from < blocks; ) {
    let to = from + 1;
    while (to < blocks && scoresCost(request, from, to + 1) <= most) to++;
    batches.push({ from, to });
    from = to;
  }
  return batches;
}
