import type { TileRange } from '../../runtime/draw/tile-cover.ts';
import { type LatestWorker, Superseded } from './drawing.ts';
import { type Camera, cornerOf, type Extent, type Size } from './mask/camera.ts';
import type { TileMarks } from './mask/decorations.ts';
import type { MaskChoice } from './mask-choice.ts';

/** A tile is marked when it has at least so many pixels. */
export const LEAST_PIXELS = 8;

/** What the tiles in sight hold, asked of a worker as the picture moves. */
export class TileOverlay {
  readonly #worker: LatestWorker;
  readonly #changed: () => void;
  #asked: { readonly choice: MaskChoice; readonly range: TileRange } | undefined;
  #known: { readonly choice: MaskChoice; readonly marks: TileMarks } | undefined;

  /** `changed` is called when there is something else to draw. */
  constructor(worker: LatestWorker, changed: () => void) {
    this.#worker = worker;
    this.#changed = changed;
  }

  /** The marks of a mask as far as they are known, for tiles of this side; null where none are to be seen. */
  marks(choice: MaskChoice, tile: number | null, camera: Camera, extent: Extent, size: Size): TileMarks | null {
    if (tile === null || tile / camera.scale < LEAST_PIXELS) return null;
    const corner = cornerOf(camera);
    const along = (start: number, pixels: number, cells: number): readonly [number, number] => {
      const all = Math.ceil(cells / tile);
      const at = (pixel: number): number => Math.min(all, Math.max(0, Math.floor((pixel * camera.scale) / tile)));
      return [at(start), Math.min(all, at(start + pixels) + 1)];
    };
    const [column, columnEnd] = along(corner.x, size.width, extent.keys);
    const [row, rowEnd] = along(corner.y, size.height, extent.queries);
    const range: TileRange = { tile, row, rowEnd, column, columnEnd };
    const asked = this.#asked;
    if (asked?.choice !== choice || !isSame(asked.range, range)) void this.#ask(choice, range);
    return this.#known?.choice === choice && this.#known.marks.range.tile === tile ? this.#known.marks : null;
  }

  async #ask(choice: MaskChoice, range: TileRange): Promise<void> {
    this.#asked = { choice, range };
    try {
      const cover = await this.#worker.ask({ kind: 'tiles', choice, range });
      this.#known = { choice, marks: { range, cover } };
      this.#changed();
    } catch (error) {
      // The picture itself says why a mask cannot be drawn.
      if (!(error instanceof Superseded)) this.#known = undefined;
    }
  }
}

function isSame(a: TileRange, b: TileRange): boolean {
  return (Object.keys(a) as (keyof TileRange)[]).every(name => a[name] === b[name]);
}
