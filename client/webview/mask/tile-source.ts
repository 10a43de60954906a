import type { Drawn, DrawnTile } from '../drawing-messages.ts';
import { nameOf, type Tile, type TilePlace } from './tile.ts';
import type { TileReceiver, TileWorker } from './tile-worker.ts';

/** Tiles of one mask that are kept, at least; 256 KiB each. */
const LEAST_KEPT = 96;

/** The tiles of one mask in its colours, drawn by a worker as they are wanted, the most wanted first. */
export class TileSource implements TileReceiver {
  readonly drawn: Drawn;
  readonly id: number;
  readonly #worker: Pick<TileWorker, 'want'>;
  readonly #arrived: (place: TilePlace) => void;
  readonly #failed: (error: unknown) => void;
  /** The one that was wanted the longest time ago first. */
  readonly #tiles = new Map<string, Tile>();
  #received = 0;
  /** What the worker was asked for last, unless some of it has come. */
  #asked: string | undefined;
  static #nextId = 1;

  /** `arrived` is called after each new tile, `failed` when this mask cannot be drawn. */
  constructor(
    worker: Pick<TileWorker, 'want'>,
    drawn: Drawn,
    arrived: (place: TilePlace) => void,
    failed: (error: unknown) => void,
  ) {
    this.#worker = worker;
    this.drawn = drawn;
    this.id = TileSource.#nextId++;
    this.#arrived = arrived;
    this.#failed = failed;
  }

  /** Tiles that are there, of all scales, the latest last. */
  get tiles(): Iterable<Tile> {
    return this.#tiles.values();
  }

  tile(place: TilePlace): Tile | undefined {
    return this.#tiles.get(nameOf(place));
  }

  /** Has tiles drawn that are missing, first things first; what was wanted before and is not any more is given up. */
  want(places: readonly TilePlace[]): void {
    for (const place of places) this.#touch(place);
    const kept = Math.max(LEAST_KEPT, 3 * places.length);
    for (const name of this.#tiles.keys()) {
      if (this.#tiles.size <= kept) break;
      this.#tiles.delete(name);
    }
    const missing = places.filter(place => this.tile(place) === undefined);
    const improvable = places.filter(place => this.tile(place)?.mayImprove);
    // Moving the picture a little wants the same tiles.
    const asked = [...missing, null, ...improvable].map(place => place && nameOf(place)).join();
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#worker.want(this, { drawn: this.drawn, received: this.#received, missing, improvable });
  }

  arrived({ place, pixels, approximate, mayImprove }: DrawnTile): void {
    this.#received++;
    this.#asked = undefined;
    this.#tiles.set(nameOf(place), { ...place, pixels: new Uint32Array(pixels.buffer), approximate, mayImprove });
    this.#arrived(place);
  }

  failed(error: Error): void {
    this.#failed(error);
  }

  #touch(place: TilePlace): void {
    const name = nameOf(place);
    const tile = this.#tiles.get(name);
    if (tile === undefined) return;
    this.#tiles.delete(name);
    this.#tiles.set(name, tile);
  }
}
