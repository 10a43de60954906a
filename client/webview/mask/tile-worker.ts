import type { DrawnTile, FromDrawer, TilesWanted } from '../drawing-messages.ts';

/** A worker that does not hear what is wanted for so long is replaced: it is busy with what cannot be interrupted. */
const PATIENCE_MS = 1000;

/** Who has tiles drawn. */
export interface TileReceiver {
  readonly id: number;
  arrived(tile: DrawnTile): void;
  failed(error: Error): void;
}

/** The worker that draws tiles. It is started at once and draws for one receiver at a time, the last that wanted some. */
export class TileWorker {
  readonly #url: Promise<string>;
  #worker: Worker | undefined;
  #receiver: TileReceiver | undefined;
  #wanted: TilesWanted | undefined;
  #heard = 0;
  #seq = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `url`: address of the worker's script, see `workerUrl`. */
  constructor(url: Promise<string>) {
    this.#url = url;
    void this.#start();
  }

  /** What was wanted before is not any more. */
  want(receiver: TileReceiver, wanted: Omit<TilesWanted, 'seq' | 'id'>): void {
    this.#receiver = receiver;
    this.#wanted = { ...wanted, seq: ++this.#seq, id: receiver.id };
    this.#worker?.postMessage(this.#wanted);
    this.#watch();
  }

  async #start(): Promise<void> {
    let url: string;
    try {
      url = await this.#url;
    } catch (error) {
      this.#receiver?.failed(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const worker = new Worker(url);
    worker.onmessage = (event: MessageEvent<FromDrawer>) => this.#hear(event.data);
    worker.onerror = event => {
      this.#receiver?.failed(new Error(`The drawing worker failed: ${event.message || 'it could not start'}`));
      this.#replace();
    };
    this.#worker = worker;
    if (this.#wanted === undefined) return;
    worker.postMessage(this.#wanted);
    this.#watch();
  }

  /** One that has not heard of the latest wish may be working on one that nobody has any more. */
  #watch(): void {
    if (this.#worker === undefined || this.#timer !== undefined || this.#heard === this.#seq) return;
    const waitedFor = this.#seq;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#heard < waitedFor && this.#heard > 0) {
        this.#replace();
        void this.#start();
      } else this.#watch();
    }, PATIENCE_MS);
  }

  #replace(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#heard = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #hear(message: FromDrawer): void {
    if (message.kind === 'heard') {
      this.#heard = message.seq;
      if (this.#heard < this.#seq) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      return;
    }
    if (message.id !== this.#receiver?.id) return;
    if (message.kind === 'tile') this.#receiver.arrived(message.tile);
    else this.#receiver.failed(new Error(message.message));
  }
}
