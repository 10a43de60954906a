import type { WeightGrid, WeightsOfGrid } from '../../../runtime/attention/weights.ts';
import type { OpaquePalette } from '../../../runtime/draw/palette.ts';
import { type Camera, cornerOf, type Extent, pixelOf, type Size } from '../mask/camera.ts';
import type { Cell } from '../mask/cell.ts';
import type { OverPicture, PicturePlace } from '../over-picture.ts';
import { leastWeight, Ramp, shareOf } from './ramp.ts';

/** What of the weights of a square is shown. */
export type WeightsOf = 'mean' | 'max';

/** Weights that are to be shown. */
export interface WeightsShown {
  /** The same object for the same run. */
  readonly run: object;
  /** Of the run's heads. */
  readonly head: number;
  readonly of: WeightsOf;
  readonly palette: OpaquePalette;
}

/** Weights that are there. */
interface Known {
  readonly run: object;
  readonly head: number;
  readonly grid: WeightGrid;
  readonly weights: WeightsOfGrid;
}

/** Device pixels of a square's side, at least. */
const LEAST_PIXELS = 3;

/** The weights of a head over the picture, computed for what is in sight. */
export class WeightsOverlay implements OverPicture {
  readonly canvas = document.createElement('canvas');
  readonly #shown: () => WeightsShown | null;
  readonly #ask: (shown: WeightsShown, grid: WeightGrid) => Promise<WeightsOfGrid>;
  readonly #changed: () => void;
  #asked: { readonly run: object; readonly head: number; readonly grid: WeightGrid } | null = null;
  #busy = false;
  #next: (() => void) | null = null;
  #known: Known | null = null;
  #image: { readonly of: object; readonly how: string; readonly canvas: OffscreenCanvas } | null = null;

  /** `shown`: what is to be seen now; `changed`: something else is known. */
  constructor(
    shown: () => WeightsShown | null,
    ask: (shown: WeightsShown, grid: WeightGrid) => Promise<WeightsOfGrid>,
    changed: () => void,
  ) {
    this.canvas.className = 'weights';
    this.canvas.setAttribute('aria-hidden', 'true');
    this.#shown = shown;
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Do squares stand for pairs of which only some were looked at? */
  get exact(): boolean {
    return this.#known?.weights.exact ?? true;
  }

  /** Pairs along the side of a square of what is shown; null before there is any. */
  get side(): number | null {
    return this.#known?.grid.side ?? null;
  }

  /** The weight that is shown at a cell, or null. */
  at({ row, column }: Cell, of: WeightsOf): number | null {
    if (this.#known === null || this.#shown()?.run !== this.#known.run) return null;
    const { grid, weights } = this.#known;
    const y = Math.floor(row / grid.side) - grid.row;
    const x = Math.floor(column / grid.side) - grid.column;
    if (y < 0 || x < 0 || y >= grid.rows || x >= grid.columns) return null;
    const value = Number(weights[of][y * grid.columns + x]);
    return Number.isNaN(value) ? null : value;
  }

  draw(place: PicturePlace, again: () => void): void {
    const { size, camera, extent } = place;
    const shown = this.#shown();
    this.canvas.hidden = shown === null;
    if (shown === null) {
      this.#known = null;
      this.#asked = null;
      return;
    }
    const grid = gridOf(camera, extent, size);
    const asked = this.#asked;
    if (asked?.run !== shown.run || asked.head !== shown.head || !isSame(asked.grid, grid)) {
      this.#asked = { run: shown.run, head: shown.head, grid };
      this.#find(shown, grid, again);
    }
    const { canvas } = this;
    if (canvas.width !== size.width) canvas.width = size.width;
    if (canvas.height !== size.height) canvas.height = size.height;
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.clearRect(0, 0, size.width, size.height);
    const known = this.#known;
    if (known === null || known.run !== shown.run || known.head !== shown.head) return;
    const corner = cornerOf(camera);
    const { side } = known.grid;
    const left = pixelOf(known.grid.column * side, corner.x, camera.scale);
    const top = pixelOf(known.grid.row * side, corner.y, camera.scale);
    const right = pixelOf((known.grid.column + known.grid.columns) * side, corner.x, camera.scale);
    const bottom = pixelOf((known.grid.row + known.grid.rows) * side, corner.y, camera.scale);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.#imageOf(known, shown, extent), left, top, right - left, bottom - top);
    canvas.dataset.side = String(side);
  }

  /** Asks for the newest that was wanted; while one is being computed, those between are left out. */
  #find(shown: WeightsShown, grid: WeightGrid, again: () => void): void {
    const find = async (): Promise<void> => {
      this.#busy = true;
      try {
        const weights = await this.#ask(shown, grid);
        this.#known = { run: shown.run, head: shown.head, grid, weights };
        this.#changed();
        again();
      } catch {
        // Whoever knew the run was ended: it is asked for again when the picture is drawn the next time.
        this.#known = null;
        this.#asked = null;
      } finally {
        this.#busy = false;
        this.#takeNext()?.();
      }
    };
    if (this.#busy) this.#next = () => void find();
    else void find();
  }

  #takeNext(): (() => void) | null {
    const next = this.#next;
    this.#next = null;
    return next;
  }

  #imageOf(known: Known, { of, palette }: WeightsShown, { keys }: Extent): OffscreenCanvas {
    const how = `${of} ${palette.background.join()}`;
    if (this.#image?.of === known && this.#image.how === how) return this.#image.canvas;
    const { rows, columns } = known.grid;
    const image = new ImageData(columns, rows);
    const ramp = new Ramp(palette);
    const least = leastWeight(keys);
    known.weights[of].forEach((weight, index) => {
      if (Number.isNaN(weight)) return;
      image.data.set([...ramp.colour(shareOf(weight, least)), 255], 4 * index);
    });
    const canvas = new OffscreenCanvas(columns, rows);
    canvas.getContext('2d')?.putImageData(image, 0, 0);
    this.#image = { of: known, how, canvas };
    return canvas;
  }
}

/** Squares that cover what is in sight. Their sides are powers of two, so that they stay where they are while it moves. */
export function gridOf(camera: Camera, extent: Extent, size: Size): WeightGrid {
  const side = 2 ** Math.max(0, Math.ceil(Math.log2(LEAST_PIXELS * camera.scale)));
  const corner = cornerOf(camera);
  const along = (start: number, pixels: number, cells: number): readonly [first: number, count: number] => {
    const all = Math.ceil(cells / side);
    const first = Math.min(all - 1, Math.max(0, Math.floor((start * camera.scale) / side)));
    const end = Math.min(all, Math.ceil(((start + pixels) * camera.scale) / side) + 1);
    return [first, Math.max(1, end - first)];
  };
  const [row, rows] = along(corner.y, size.height, extent.queries);
  const [column, columns] = along(corner.x, size.width, extent.keys);
  return { side, row, rows, column, columns };
}

function isSame(a: WeightGrid, b: WeightGrid): boolean {
  return (Object.keys(a) as (keyof WeightGrid)[]).every(name => a[name] === b[name]);
}
