import { abortError } from '../../runtime/attention/abort.ts';
import type { FromRuns, RunAnswers, RunQuestion, ToRuns } from './run-messages.ts';
import type { RunStep } from './run-request.ts';

/** The way to whoever runs attention: a worker, or a process. */
export interface RunPort {
  post(message: ToRuns): void;
  /** Ends it at once. */
  end(): void;
}

export interface RunPortEvents {
  received(message: FromRuns): void;
  /** It ended, or never started. */
  failed(reason: string): void;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  readonly onStep?: (step: RunStep) => void;
}

/** Somebody who is cancelled and goes on for longer is ended: compiling cannot be interrupted. */
const PATIENCE_MS = 1500;

interface Asked {
  readonly resolve: (answer: RunAnswers[keyof RunAnswers]) => void;
  readonly reject: (error: Error) => void;
  readonly onStep: ((step: RunStep) => void) | undefined;
}

/** Asks whoever runs attention, who is started when first needed and again after an end. */
export class RunClient {
  readonly #start: (events: RunPortEvents) => RunPort | Promise<RunPort>;
  readonly #kept: (key: string, kernel: string) => void;
  #port: Promise<RunPort> | undefined;
  readonly #asked = new Map<number, Asked>();
  #nextId = 1;

  /** `kept` is called with each kernel that was found to be the fastest. */
  constructor(
    start: (events: RunPortEvents) => RunPort | Promise<RunPort>,
    kept: (key: string, kernel: string) => void = () => {},
  ) {
    this.#start = start;
    this.#kept = kept;
  }

  /** The id that the next question gets. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Rejects with an AbortError when the signal fires, and with Error when there is no answer. */
  async ask<K extends RunQuestion['kind']>(
    question: RunQuestion & { readonly kind: K },
    { signal, onStep }: AskOptions = {},
  ): Promise<RunAnswers[K]> {
    const id = this.#nextId++;
    if (signal?.aborted === true) throw abortError();
    let patience: ReturnType<typeof setTimeout> | undefined;
    let cancel: (() => void) | undefined;
    try {
      return (await new Promise<RunAnswers[keyof RunAnswers]>((resolve, reject) => {
        this.#asked.set(id, { resolve, reject, onStep });
        cancel = () => {
          void this.#port?.then(port => port.post({ kind: 'cancel', id }));
          patience = setTimeout(() => this.#fail(abortError()), PATIENCE_MS);
        };
        signal?.addEventListener('abort', cancel);
        this.#opened().then(port => {
          if (this.#asked.has(id)) port.post({ kind: 'ask', id, question });
        }, reject);
      })) as RunAnswers[K];
    } finally {
      clearTimeout(patience);
      if (cancel !== undefined) signal?.removeEventListener('abort', cancel);
      this.#asked.delete(id);
    }
  }

  /** Ends whoever was started; questions without an answer fail. */
  dispose(): void {
    this.#fail(new Error('It was ended.'));
  }

  #opened(): Promise<RunPort> {
    if (this.#port !== undefined) return this.#port;
    const port: Promise<RunPort> = Promise.resolve(
      this.#start({
        received: message => this.#received(message),
        failed: reason => {
          // One that was ended and replaced has nothing to say.
          if (this.#port === port) this.#fail(new Error(reason));
        },
      }),
    );
    this.#port = port;
    port.catch(() => {
      if (this.#port === port) this.#port = undefined;
    });
    return port;
  }

  #received(message: FromRuns): void {
    if (message.kind === 'kernel') {
      this.#kept(message.key, message.kernel);
      return;
    }
    const asked = this.#asked.get(message.id);
    switch (message.kind) {
      case 'step':
        asked?.onStep?.(message.step);
        break;
      case 'answer':
        asked?.resolve(message.answer);
        break;
      case 'failed':
        asked?.reject(message.cancelled ? abortError() : new Error(message.message));
        break;
    }
  }

  #fail(error: Error): void {
    const port = this.#port;
    this.#port = undefined;
    void port?.then(
      each => each.end(),
      () => {},
    );
    const all = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of all) reject(error);
  }
}
