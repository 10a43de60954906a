import type { RendererChoice } from '../../preview/messages.ts';
import type { Drawn } from '../drawing-messages.ts';
import { type Camera, type Extent, type Size, wholeMask } from './camera.ts';
import { overviewScale, placedTiles, rangeInSight, tilesInSight } from './frame.ts';
import { Renderers } from './renderers.ts';
import { nameOf, type Tile, type TilePlace } from './tile.ts';
import { TileSource } from './tile-source.ts';
import type { TileWorker } from './tile-worker.ts';

export interface MaskViewEvents {
  /** The picture was drawn anew, or has another size: what lies over it is to be drawn, too. */
  painted(): void;
  /** All that is in sight of this mask is on the picture now. */
  completed(drawn: Drawn, approximate: boolean): void;
  failed(error: unknown): void;
}

/** A mask, its size, and its tiles. */
interface Scene {
  readonly source: TileSource;
  readonly extent: Extent;
}

/** The picture of the mask before stays for so long until the new one is complete; then they mix. */
const PATIENCE_MS = 250;

/** The picture: asks for the tiles that the camera sees and has them drawn. */
export class MaskView {
  /** Holds the canvas of the renderer, below everything else. */
  readonly element = document.createElement('div');
  readonly #events: MaskViewEvents;
  readonly #worker: TileWorker;
  readonly #renderers: Renderers;
  #camera: Camera | null = null;
  #front: Scene | undefined;
  /** The mask that is to be shown as soon as it is drawn. */
  #back: Scene | undefined;
  /** Where the front was last seen: one of another size stays there. */
  #seen: Camera | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #size: Size = { width: 1, height: 1 };
  #frame = 0;
  /** Stands for the tiles that were wanted last. */
  #wanted = '';
  #completed: { readonly drawn: Drawn; readonly approximate: boolean } | undefined;

  constructor(worker: TileWorker, events: MaskViewEvents) {
    this.#worker = worker;
    this.#events = events;
    this.element.className = 'cells';
    this.element.setAttribute('aria-hidden', 'true');
    this.#renderers = new Renderers(() => this.#useRenderer());
    this.#useRenderer();
    new ResizeObserver(() => this.measure()).observe(this.element);
  }

  /** Device pixels. */
  get size(): Size {
    return this.#size;
  }

  get extent(): Extent {
    return (this.#back ?? this.#front)?.extent ?? { queries: 1, keys: 1 };
  }

  get camera(): Camera {
    return this.#camera ?? wholeMask(this.extent, this.#size);
  }

  /** The tile that shows the whole mask, if it is there. */
  get overview(): Tile | undefined {
    const scene = this.#back ?? this.#front;
    return scene?.source.tile({ scale: overviewScale(scene.extent), x: 0, y: 0 });
  }

  choose(renderer: RendererChoice): void {
    this.#renderers.choose(renderer);
  }

  /** Null: the whole mask, whatever its size and that of the picture. */
  look(camera: Camera | null): void {
    this.#camera = camera;
    this.#wantTiles();
    this.paintSoon();
  }

  show(drawn: Drawn, extent: Extent): void {
    // What is shown stays, but the worker draws for the new mask alone.
    const source: TileSource = new TileSource(
      this.#worker,
      drawn,
      place => this.#arrived(source, place),
      error => {
        if (source === (this.#back ?? this.#front)?.source) this.#events.failed(error);
      },
    );
    this.#back = { source, extent };
    clearTimeout(this.#patience);
    if (this.#front === undefined) this.#swap();
    else this.#patience = setTimeout(() => this.#swap(), PATIENCE_MS);
    this.#wantTiles();
    this.paintSoon();
  }

  paintSoon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #useRenderer(): void {
    const { canvas, kind } = this.#renderers.current;
    this.element.replaceChildren(canvas);
    this.element.dataset.renderer = kind;
    this.#paint();
  }

  #swap(): void {
    clearTimeout(this.#patience);
    if (this.#back === undefined) return;
    this.#front = this.#back;
    this.#back = undefined;
    this.paintSoon();
  }

  #arrived(source: TileSource, place: TilePlace): void {
    if (source !== this.#front?.source) {
      if (this.#back !== undefined && this.#isComplete(this.#back)) this.#swap();
      return;
    }
    // Tiles that are drawn in advance change nothing that is to be seen.
    const { extent } = this.#front;
    const seen = place.scale === overviewScale(extent) || isAmong(tilesInSight(this.camera, extent, this.#size), place);
    if (seen) this.paintSoon();
  }

  #isComplete({ source, extent }: Scene): boolean {
    return tilesInSight(this.camera, extent, this.#size).every(place => source.tile(place) !== undefined);
  }

  #wantTiles(): void {
    const scene = this.#back ?? this.#front;
    if (scene === undefined || this.#size.width <= 1 || this.#size.height <= 1) return;
    const { source, extent } = scene;
    // Within a tile's length the picture moves without wanting anything else.
    const { left, top, right, bottom } = rangeInSight(this.camera, extent, this.#size);
    const wanted = [source.id, this.#camera === null, this.camera.scale, left, top, right, bottom].join();
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    const overview = { scale: overviewScale(extent), x: 0, y: 0 };
    const near = tilesInSight(this.camera, extent, this.#size);
    const around = tilesInSight(this.camera, extent, this.#size, 1).filter(place => !isAmong(near, place));
    // The overview stands in for everything else, but not before the picture when that is the whole mask itself.
    source.want(this.#camera === null ? [...near, overview, ...around] : [overview, ...near, ...around]);
  }

  /** Looks how large the picture is, for those who do not want to wait for the next frame. */
  measure(): void {
    const width = Math.max(1, Math.round(this.element.clientWidth * devicePixelRatio));
    const height = Math.max(1, Math.round(this.element.clientHeight * devicePixelRatio));
    if (width === this.#size.width && height === this.#size.height) return;
    this.#size = { width, height };
    this.#wantTiles();
    this.#paint();
  }

  #paint(): void {
    const scene = this.#front;
    if (scene === undefined) return;
    const { queries, keys } = this.extent;
    const same = scene.extent.queries === queries && scene.extent.keys === keys;
    const camera = same ? this.camera : (this.#seen ?? this.camera);
    this.#seen = camera;
    const complete = this.#isComplete(scene);
    const tiles = placedTiles(scene.source.tiles, camera, complete, this.#size);
    this.#renderers.current.draw({ ...this.#size, tiles });
    this.#events.painted();
    if (!complete || this.#back !== undefined) return;
    const approximate = tiles.some(({ tile }) => tile.scale === camera.scale && tile.approximate);
    if (this.#completed?.drawn === scene.source.drawn && this.#completed.approximate === approximate) return;
    this.#completed = { drawn: scene.source.drawn, approximate };
    this.#events.completed(scene.source.drawn, approximate);
  }
}

function isAmong(places: readonly TilePlace[], place: TilePlace): boolean {
  return places.some(each => nameOf(each) === nameOf(place));
}
