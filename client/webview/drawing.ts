import type { DrawingAnswers, DrawingRequest, FromWorker, ToWorker } from './drawing-messages.ts';

/** The answer is not wanted any more: a newer question took its place. */
export class Superseded extends Error {}

/** A worker that is busy longer than this with an outdated question is replaced. */
const PATIENCE_MS = 150;

interface Asked {
  readonly id: number;
  readonly since: number;
  readonly resolve: (answer: DrawingAnswers[keyof DrawingAnswers]) => void;
  readonly reject: (error: Error) => void;
}

interface Waiting extends Omit<Asked, 'id' | 'since'> {
  readonly request: DrawingRequest;
}

/**
 * One worker that answers the latest question: while it is busy only the newest one waits, and work on an outdated one
 * is given up.
 */
export class LatestWorker {
  readonly #url: () => Promise<string>;
  #worker: Worker | undefined;
  #asked: Asked | undefined;
  #waiting: Waiting | undefined;
  #nextId = 1;
  #disposed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `url`: finds the address of the worker's script. */
  constructor(url: () => Promise<string>) {
    this.#url = url;
  }

  /** Rejects with Superseded when a newer question comes first, and with Error when the mask has no answer. */
  ask<K extends DrawingRequest['kind']>(request: DrawingRequest & { kind: K }): Promise<DrawingAnswers[K]> {
    return new Promise<DrawingAnswers[keyof DrawingAnswers]>((resolve, reject) => {
      this.#waiting?.reject(new Superseded());
      this.#waiting = { request, resolve, reject };
      void this.#next();
    }) as Promise<DrawingAnswers[K]>;
  }

  /** Stops at once what it is working on. */
  giveUp(): void {
    this.#waiting?.reject(new Superseded());
    this.#waiting = undefined;
    if (this.#asked !== undefined) this.#stop();
  }

  dispose(): void {
    this.#disposed = true;
    this.#stop();
    this.#waiting?.reject(new Superseded());
    this.#waiting = undefined;
  }

  async #next(): Promise<void> {
    if (this.#asked !== undefined) {
      const busy = performance.now() - this.#asked.since;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(
        () => {
          if (this.#waiting === undefined) return;
          this.#stop();
          void this.#next();
        },
        Math.max(0, PATIENCE_MS - busy),
      );
      return;
    }
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    const id = this.#nextId++;
    this.#asked = { id, since: performance.now(), resolve: waiting.resolve, reject: waiting.reject };
    try {
      const worker = await this.#started();
      // The question may have been given up while the worker was starting.
      if (this.#asked?.id === id) worker.postMessage({ id, request: waiting.request } satisfies ToWorker);
    } catch (error) {
      waiting.reject(error instanceof Error ? error : new Error(String(error)));
      if (this.#asked?.id !== id) return;
      this.#asked = undefined;
      void this.#next();
    }
  }

  async #started(): Promise<Worker> {
    if (this.#worker !== undefined) return this.#worker;
    const url = await this.#url();
    if (this.#disposed) throw new Superseded();
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(url);
    worker.onmessage = (event: MessageEvent<FromWorker>) => this.#answered(event.data);
    worker.onerror = event => {
      this.#asked?.reject(new Error(`The drawing worker failed: ${event.message || 'it could not start'}`));
      this.#stop();
      void this.#next();
    };
    this.#worker = worker;
    return worker;
  }

  #answered(message: FromWorker): void {
    const asked = this.#asked;
    if (asked?.id !== message.id) return;
    this.#asked = undefined;
    clearTimeout(this.#timer);
    if (message.ok) asked.resolve(message.answer);
    else asked.reject(new Error(message.message));
    void this.#next();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#asked?.reject(new Superseded());
    this.#asked = undefined;
  }
}
