import type { FromRuns } from '../run/run-messages.ts';
import { keepKernel, keptKernels } from './run/kept-kernels.ts';
import { messageOf } from './state.ts';
import { workerUrlLater } from './worker-url.ts';

/** Worker to page: how far a job is, and one of the others at last. */
export type FromTask<Result> =
  | { readonly type: 'progress'; readonly share: number; readonly doing: string }
  | { readonly type: 'done'; readonly result: Result }
  | { readonly type: 'failed'; readonly message: string };

/** The fastest kernel on a device, for other workers. */
type FoundKernel = Extract<FromRuns, { readonly kind: 'kernel' }>;

/** How far a job is. */
export interface UnderWay {
  readonly share: number;
  readonly doing: string;
}

/** What hears of a task. */
export interface TaskEvents<Job, Result> {
  /** Something that can be read from it is different. */
  changed(): void;
  done(job: Job, result: Result): void;
}

/** One job at a time, in a worker of its own that ends with it. */
export class WorkerTask<Job, Result> {
  readonly #url: () => Promise<string>;
  readonly #events: TaskEvents<Job, Result>;
  #worker: Worker | undefined;
  #underWay: UnderWay | null = null;
  #failure: string | null = null;

  /** @param script address of the worker's script */
  constructor(script: string, events: TaskEvents<Job, Result>) {
    this.#url = workerUrlLater(script);
    this.#events = events;
  }

  get underWay(): UnderWay | null {
    return this.#underWay;
  }

  /** Why the last job came to nothing, or null. */
  get failure(): string | null {
    return this.#failure;
  }

  async start(job: Job): Promise<void> {
    if (this.#underWay !== null) return;
    const started: UnderWay = { share: 0, doing: 'Starting' };
    this.#underWay = started;
    this.#failure = null;
    this.#events.changed();
    try {
      const url = await this.#url();
      // Cancelled while the script was fetched, and perhaps started again.
      if (this.#underWay !== started) return;
      const worker = new Worker(url);
      this.#worker = worker;
      worker.onmessage = ({ data }: MessageEvent<FromTask<Result> | FoundKernel>) => {
        if ('kind' in data) keepKernel(data.key, data.kernel);
        else this.#receive(job, data);
      };
      worker.onerror = ({ message }) => this.#end(`It failed: ${message || 'its worker did not start'}`);
      worker.postMessage({ kind: 'kernels', known: keptKernels() });
      worker.postMessage(job);
    } catch (error) {
      if (this.#underWay === started) this.#end(messageOf(error));
    }
  }

  cancel(): void {
    this.#end(null);
  }

  #receive(job: Job, message: FromTask<Result>): void {
    switch (message.type) {
      case 'progress':
        this.#underWay = { share: message.share, doing: message.doing };
        this.#events.changed();
        break;
      case 'failed':
        this.#end(message.message);
        break;
      case 'done':
        this.#events.done(job, message.result);
        this.#end(null);
    }
  }

  #end(failure: string | null): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#underWay = null;
    this.#failure = failure;
    this.#events.changed();
  }
}
