import { type Camera, cornerOf, type Extent, type Size } from './camera.ts';
import type { Cell } from './cell.ts';
import { TILE_SIDE, type Tile } from './tile.ts';

/** CSS pixels of the longer side. */
const SIDE = 96;
/** CSS pixels from the edges of the picture to it, and from it to what it must not cover. */
const GAP = 8;

/** What it shows, and what the picture does. */
interface MinimapPlace {
  readonly extent: Extent;
  readonly camera: Camera;
  /** Of the picture. */
  readonly size: Size;
  /** The cursor. */
  readonly cell: Cell | null;
}

/** The whole mask in a corner, with a frame around what is in sight; a press or a drag looks somewhere else. */
export class Minimap {
  readonly canvas = document.createElement('canvas');
  readonly #bitmap = document.createElement('canvas');
  #tile: Tile | undefined;
  #extent: Extent = { queries: 1, keys: 1 };
  #isPressed = false;

  /** `look` is called with the place, in cells, that is to be in the middle. */
  constructor(look: (cell: { readonly row: number; readonly column: number }) => void) {
    const { canvas } = this;
    canvas.className = 'minimap';
    // Everything it does can be done with the keys of the picture.
    canvas.setAttribute('aria-hidden', 'true');
    const lookAt = (event: PointerEvent): void => {
      const bounds = canvas.getBoundingClientRect();
      look({
        row: ((event.clientY - bounds.top) / bounds.height) * this.#extent.queries,
        column: ((event.clientX - bounds.left) / bounds.width) * this.#extent.keys,
      });
    };
    canvas.addEventListener('pointerdown', event => {
      canvas.setPointerCapture(event.pointerId);
      this.#isPressed = true;
      lookAt(event);
    });
    for (const end of ['pointerup', 'pointercancel'])
      canvas.addEventListener(end, () => {
        this.#isPressed = false;
      });
    canvas.addEventListener('pointermove', event => {
      if (event.buttons === 1) lookAt(event);
    });
  }

  /** Draws it, or hides it where there is nothing beyond what is in sight. It makes room for the cell of the cursor. */
  draw(overview: Tile | undefined, { extent, camera, size, cell }: MinimapPlace, colour: string): void {
    const { canvas } = this;
    const corner = cornerOf(camera);
    const all =
      corner.x <= 0 &&
      corner.y <= 0 &&
      corner.x + size.width >= extent.keys / camera.scale &&
      corner.y + size.height >= extent.queries / camera.scale;
    canvas.hidden = all || overview === undefined;
    const context = canvas.getContext('2d');
    if (canvas.hidden || overview === undefined || context === null) return;
    this.#extent = extent;
    const longer = Math.max(extent.queries, extent.keys);
    const css = {
      width: Math.max(8, (SIDE * extent.keys) / longer),
      height: Math.max(8, (SIDE * extent.queries) / longer),
    };
    // Not from under the pointer.
    if (!this.#isPressed) canvas.classList.toggle('above', isBelow(cell, corner, camera.scale, size, css));
    canvas.style.width = `${css.width}px`;
    canvas.style.height = `${css.height}px`;
    canvas.width = Math.round(css.width * devicePixelRatio);
    canvas.height = Math.round(css.height * devicePixelRatio);
    this.#show(overview);
    const shown = { width: extent.keys / overview.scale, height: extent.queries / overview.scale };
    context.drawImage(this.#bitmap, 0, 0, shown.width, shown.height, 0, 0, canvas.width, canvas.height);
    const ratio = {
      x: (camera.scale / extent.keys) * canvas.width,
      y: (camera.scale / extent.queries) * canvas.height,
    };
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.strokeRect(
      corner.x * ratio.x,
      corner.y * ratio.y,
      Math.max(3, size.width * ratio.x),
      Math.max(3, size.height * ratio.y),
    );
  }

  #show(tile: Tile): void {
    if (tile === this.#tile) return;
    this.#tile = tile;
    this.#bitmap.width = TILE_SIDE;
    this.#bitmap.height = TILE_SIDE;
    const pixels = new Uint8ClampedArray(tile.pixels.buffer);
    this.#bitmap.getContext('2d')?.putImageData(new ImageData(pixels, TILE_SIDE, TILE_SIDE), 0, 0);
  }
}

/** Does a cell lie where the minimap, of this size in CSS pixels, would cover it in its usual corner? */
function isBelow(
  cell: Cell | null,
  corner: { readonly x: number; readonly y: number },
  scale: number,
  size: Size,
  css: Size,
) {
  if (cell === null) return false;
  const covers = (index: number, start: number, pixels: number, side: number): boolean => {
    const from = index / scale - start;
    return from < pixels && from + 1 / scale > pixels - (side + 2 * GAP) * devicePixelRatio;
  };
  return covers(cell.column, corner.x, size.width, css.width) && covers(cell.row, corner.y, size.height, css.height);
}
