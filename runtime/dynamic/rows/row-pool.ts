import { unlessAborted } from '../../attention/abort.ts';
import { Crew, reasonOf } from '../../attention/cpu/crew.ts';
import { type Member, send, WorkerError } from '../../attention/cpu/member.ts';
import type { WorkerHost } from '../../attention/cpu/worker-host.ts';
import { allBlocks, type BlockRange, queriesOf } from './choose-rows.ts';
import { type ChosenRows, joined } from './chosen-rows.ts';
import { rowWorkerSource } from './generated/worker.ts';
import type { FromRowWorker, ToRowWorker } from './messages.ts';
import { type RowProgress, type RowRequest, scoresCost } from './row-rule.ts';

/** Multiply-adds of one message: less than a tenth of a second. */
const BATCH = 2 ** 29;
/** Messages that a worker has at a time, so that it need not wait for the next one. */
const AHEAD = 2;

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
    const batches = batchesOf(request, this.#threads);
    const all = scoresCost(request, 0, allBlocks(request).to);
    let done = 0;
    const work = new Batches(request, batches, ({ from, to }) => {
      done += scoresCost(request, from, to);
      onProgress?.(done / all);
    });
    const threads = Math.min(this.#threads, batches.length);
    try {
      const members = await unlessAborted(this.#crew.start(threads), signal);
      await unlessAborted(Promise.all(members.map(member => feed(member, work))), signal);
      return joined(work.chosen);
    } catch (error) {
      // A worker in the middle of its work could not be stopped otherwise.
      this.dispose();
      throw error;
    } finally {
      this.#crew.rest();
    }
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

/** The batches of a request: each is handed out once, in order. */
class Batches {
  readonly request: RowRequest;
  readonly #ranges: readonly BlockRange[];
  readonly chosen: ChosenRows[] = [];
  readonly #onDone: (range: BlockRange) => void;
  #next = 0;

  constructor(request: RowRequest, ranges: readonly BlockRange[], onDone: (range: BlockRange) => void) {
    this.request = request;
    this.#ranges = ranges;
    this.#onDone = onDone;
  }

  take(): { readonly index: number; readonly range: BlockRange } | undefined {
    const range = this.#ranges[this.#next];
    return range && { index: this.#next++, range };
  }

  put(index: number, range: BlockRange, rows: ChosenRows): void {
    this.chosen[index] = rows;
    this.#onDone(range);
  }
}

/** Feeds one worker batches until nothing is left. */
function feed(member: Member<FromRowWorker>, work: Batches): Promise<void> {
  return new Promise((resolve, reject) => {
    const pending: { readonly index: number; readonly range: BlockRange }[] = [];
    const { q: _, ...head } = work.request;
    const next = (): void => {
      const batch = work.take();
      if (batch === undefined) return;
      pending.push(batch);
      // A copy: what is posted of a view is all of its buffer.
      const q = queriesOf(work.request, batch.range).slice();
      send<ToRowWorker>(member, { type: 'rows', range: batch.range, q }, [q.buffer]);
    };
    member.fail = reason => reject(new WorkerError(reason));
    member.receive = message => {
      const batch = message.type === 'chosen' ? pending.shift() : undefined;
      if (message.type !== 'chosen' || batch === undefined) {
        member.fail(reasonOf(message));
        return;
      }
      work.put(batch.index, batch.range, message.rows);
      next();
      if (pending.length === 0) resolve();
    };
    const k = head.k.slice();
    send<ToRowWorker>(member, { type: 'head', head: { ...head, k } }, [k.buffer]);
    for (let ahead = 0; ahead < AHEAD; ahead++) next();
    if (pending.length === 0) resolve();
  });
}
