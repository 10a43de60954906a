import type { StartedWorkers } from '../../preview/first-script.ts';
import type { DrawnTile, FromDrawer, TilesWanted } from '../drawing-messages.ts';

/** A worker that does not hear what is wanted for so long is replaced: it is busy with what cannot be interrupted. */
const PATIENCE_MS = 1000;

/** Who has tiles drawn. */
export interface TileReceiver {
  readonly id: number;
  arrived(tile: DrawnTile): void;
  failed(error: Error): void;
}

/** One more worker, beside that of the page's first script. */
export function startedWorker(url: string): StartedWorkers {
  const tiles = new Worker(url);
  const failed = new Promise<string>(resolve =>
    tiles.addEventListener('error', event => resolve(event.message || 'it could not start')),
  );
  return { url, tiles, failed };
}

/** The worker that draws tiles, for one receiver at a time: the last that wanted some. */
export class TileWorker {
  readonly #url: string;
  #worker: Worker | undefined;
  #receiver: TileReceiver | undefined;
  #wanted: TilesWanted | undefined;
  /** Why there is no worker. */
  #problem: Error | undefined;
  #heard = 0;
  #seq = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ url, tiles, failed }: StartedWorkers) {
    this.#url = url;
    this.#use(tiles);
    void failed.then(reason => this.#failed(reason));
  }

  /** What was wanted before is not any more. */
  want(receiver: TileReceiver, wanted: Omit<TilesWanted, 'seq' | 'id'>): void {
    this.#receiver = receiver;
    this.#wanted = { ...wanted, seq: ++this.#seq, id: receiver.id };
    this.#worker?.postMessage(this.#wanted);
    this.#watch();
    if (this.#problem !== undefined) receiver.failed(this.#problem);
  }

  #restart(): void {
    const worker = new Worker(this.#url);
    worker.addEventListener('error', event => this.#failed(event.message || 'it could not start'));
    this.#use(worker);
  }

  #use(worker: Worker): void {
    worker.onmessage = (event: MessageEvent<FromDrawer>) => this.#hear(event.data);
    this.#worker = worker;
    if (this.#wanted === undefined) return;
    worker.postMessage(this.#wanted);
    this.#watch();
  }

  #failed(reason: string): void {
    this.#end();
    this.#problem = new Error(`The drawing worker failed: ${reason}`);
    this.#receiver?.failed(this.#problem);
  }

  /** Replaces a worker that does not even hear what is wanted now: it is busy with tiles that nobody wants any more. */
  #watch(): void {
    if (this.#worker === undefined || this.#timer !== undefined || this.#heard === this.#seq) return;
    const waitedFor = this.#seq;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#heard < waitedFor && this.#heard > 0) {
        this.#end();
        this.#restart();
      } else this.#watch();
    }, PATIENCE_MS);
  }

  #end(): void {
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
