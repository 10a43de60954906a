import { type LatestWorker, Superseded } from '../drawing.ts';
import type { Drawn } from '../drawing-messages.ts';
import { TILE_SIDE, type Tile, type TilePlace } from './tile.ts';

/** Tiles of one mask that are kept, at least; 256 KiB each. */
const LEAST_KEPT = 96;

/** The tiles of one mask in its colours, drawn by a worker as they are wanted, the most wanted first. */
export class TileSource {
  readonly drawn: Drawn;
  readonly #id: number;
  readonly #worker: LatestWorker;
  readonly #arrived: () => void;
  readonly #failed: (error: unknown) => void;
  /** The one that was wanted the longest time ago first. */
  readonly #tiles = new Map<string, Tile>();
  #wanted: readonly TilePlace[] = [];
  #asked: TilePlace | undefined;
  #closed = false;
  static #nextId = 1;

  /** `arrived` is called after each new tile, `failed` when this mask cannot be drawn. */
  constructor(worker: LatestWorker, drawn: Drawn, arrived: () => void, failed: (error: unknown) => void) {
    this.#worker = worker;
    this.drawn = drawn;
    this.#id = TileSource.#nextId++;
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
    this.#wanted = places;
    for (const place of places) this.#touch(place);
    const kept = Math.max(LEAST_KEPT, 3 * places.length);
    for (const name of this.#tiles.keys()) {
      if (this.#tiles.size <= kept) break;
      this.#tiles.delete(name);
    }
    const asked = this.#asked;
    if (asked === undefined || !places.some(place => isSame(place, asked))) void this.#next();
  }

  /** Asks for no more tiles; those that are there stay. */
  close(): void {
    this.#closed = true;
    this.#wanted = [];
  }

  #touch(place: TilePlace): void {
    const name = nameOf(place);
    const tile = this.#tiles.get(name);
    if (tile === undefined) return;
    this.#tiles.delete(name);
    this.#tiles.set(name, tile);
  }

  async #next(): Promise<void> {
    // First all of them at a glance, then those better that were only sampled.
    const missing = this.#wanted.find(wanted => this.tile(wanted) === undefined);
    const place = missing ?? this.#wanted.find(wanted => this.tile(wanted)?.mayImprove);
    this.#asked = place;
    if (place === undefined || this.#closed) return;
    try {
      const tile = await this.#draw(place, missing === undefined);
      if (this.#closed) return;
      this.#tiles.set(nameOf(place), tile);
      if (this.#asked === place) void this.#next();
      this.#arrived();
    } catch (error) {
      if (this.#closed) return;
      if (error instanceof Superseded) {
        // Given up for a tile that is wanted more; if this is still the one, nobody else goes on.
        if (this.#asked === place) void this.#next();
        return;
      }
      this.#wanted = [];
      this.#asked = undefined;
      this.#failed(error);
    }
  }

  async #draw(place: TilePlace, thorough: boolean): Promise<Tile> {
    const view = {
      x: place.x * TILE_SIDE,
      y: place.y * TILE_SIDE,
      scale: place.scale,
      width: TILE_SIDE,
      height: TILE_SIDE,
    };
    const ask = (drawn: Drawn | null) => this.#worker.ask({ kind: 'draw', id: this.#id, drawn, view, thorough });
    let picture = await ask(null);
    if ('unknown' in picture) {
      // Another one was asked for meanwhile, and must not be pushed aside.
      if (this.#asked !== place) throw new Superseded();
      picture = await ask(this.drawn);
    }
    if ('unknown' in picture) throw new Error('The drawing worker forgot the mask.');
    const { pixels, approximate } = picture;
    return { ...place, pixels: new Uint32Array(pixels.buffer), approximate, mayImprove: approximate && !thorough };
  }
}

function nameOf({ scale, x, y }: TilePlace): string {
  return `${scale},${x},${y}`;
}

function isSame(a: TilePlace, b: TilePlace): boolean {
  return a.scale === b.scale && a.x === b.x && a.y === b.y;
}
