import type { Picture } from '../drawing-messages.ts';
import { type Camera, cellAt, type Extent, pan, type Size, wholeMask, zoomAbout } from './camera.ts';

export interface MaskViewEvents {
  /** The visible part changed: a new picture is wanted. */
  cameraChanged(): void;
  /** The cell under the pointer or the cursor, or undefined. */
  cellPointed(cell: { row: number; column: number } | undefined): void;
}

/** Pixels that the pointer may move before a press counts as dragging. */
const DRAG_THRESHOLD = 4;

/**
 * The canvas with the mask. It shows the latest picture, moved and scaled to where the camera is now, until a sharper
 * one arrives.
 */
export class MaskView {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #events: MaskViewEvents;
  #extent: Extent = { queries: 1, keys: 1 };
  #camera: Camera | undefined;
  /** True until the user zooms or pans: the whole mask stays in sight when its size changes. */
  #fitted = true;
  #picture: { readonly picture: Picture; readonly bitmap: HTMLCanvasElement } | undefined;
  #frame = 0;

  constructor(canvas: HTMLCanvasElement, events: MaskViewEvents) {
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('This browser cannot draw on a canvas.');
    this.canvas = canvas;
    this.#context = context;
    this.#events = events;
    new ResizeObserver(() => this.#resized()).observe(canvas);
    this.#listen();
  }

  get camera(): Camera {
    return this.#camera ?? wholeMask(this.#extent, this.size);
  }

  get fitted(): boolean {
    return this.#fitted;
  }

  get size(): Size {
    return { width: this.canvas.width, height: this.canvas.height };
  }

  /** Sets rows and columns; the camera stays where the user put it unless the mask has another size. */
  setExtent(extent: Extent): void {
    const changed = extent.queries !== this.#extent.queries || extent.keys !== this.#extent.keys;
    this.#extent = extent;
    if (changed) this.fit();
  }

  restore(camera: Camera): void {
    this.#camera = camera;
    this.#fitted = false;
  }

  fit(): void {
    this.#fitted = true;
    this.#moveTo(wholeMask(this.#extent, this.size));
  }

  /** Zooms about the middle. */
  zoom(factor: number): void {
    this.#zoomAt(factor, this.canvas.width / 2, this.canvas.height / 2);
  }

  show(picture: Picture): void {
    const bitmap = document.createElement('canvas');
    bitmap.width = picture.view.width;
    bitmap.height = picture.view.height;
    bitmap.getContext('2d')?.putImageData(new ImageData(picture.pixels, picture.view.width, picture.view.height), 0, 0);
    this.#picture = { picture, bitmap };
    this.#repaint();
  }

  #listen(): void {
    const { canvas } = this;
    let drag: { x: number; y: number; moved: boolean } | undefined;
    canvas.addEventListener('pointerdown', event => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      drag = { x: event.clientX, y: event.clientY, moved: false };
    });
    canvas.addEventListener('pointermove', event => {
      if (drag !== undefined) {
        const dx = event.clientX - drag.x;
        const dy = event.clientY - drag.y;
        if (drag.moved || Math.hypot(dx, dy) >= DRAG_THRESHOLD) {
          drag = { x: event.clientX, y: event.clientY, moved: true };
          this.#pan(dx * devicePixelRatio, dy * devicePixelRatio);
        }
      }
      const { x, y } = this.#pixelOf(event);
      this.#events.cellPointed(cellAt(this.camera, x, y, this.#extent));
    });
    canvas.addEventListener('pointerup', () => {
      drag = undefined;
    });
    canvas.addEventListener('pointercancel', () => {
      drag = undefined;
    });
    canvas.addEventListener('pointerleave', () => this.#events.cellPointed(undefined));
    canvas.addEventListener('dblclick', () => this.fit());
    canvas.addEventListener(
      'wheel',
      event => {
        event.preventDefault();
        const { x, y } = this.#pixelOf(event);
        const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
        this.#zoomAt(Math.exp(-event.deltaY * lines * 0.002), x, y);
      },
      { passive: false },
    );
    canvas.addEventListener('keydown', event => {
      const step = 60 * devicePixelRatio;
      const actions: Record<string, () => void> = {
        ArrowLeft: () => this.#pan(step, 0),
        ArrowRight: () => this.#pan(-step, 0),
        ArrowUp: () => this.#pan(0, step),
        ArrowDown: () => this.#pan(0, -step),
        '+': () => this.zoom(1.5),
        '=': () => this.zoom(1.5),
        '-': () => this.zoom(1 / 1.5),
        '0': () => this.fit(),
      };
      const action = actions[event.key];
      if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
  }

  #pixelOf(event: MouseEvent): { x: number; y: number } {
    const bounds = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - bounds.left) * devicePixelRatio, y: (event.clientY - bounds.top) * devicePixelRatio };
  }

  #zoomAt(factor: number, x: number, y: number): void {
    this.#fitted = false;
    this.#moveTo(zoomAbout(this.camera, factor, x, y, this.#extent, this.size));
  }

  #pan(dx: number, dy: number): void {
    this.#fitted = false;
    this.#moveTo(pan(this.camera, dx, dy, this.#extent, this.size));
  }

  #moveTo(camera: Camera): void {
    this.#camera = camera;
    this.#repaint();
    this.#events.cameraChanged();
  }

  #resized(): void {
    const width = Math.max(1, Math.round(this.canvas.clientWidth * devicePixelRatio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * devicePixelRatio));
    if (width === this.canvas.width && height === this.canvas.height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    if (this.#fitted) this.fit();
    else this.#moveTo(this.camera);
  }

  #repaint(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      const context = this.#context;
      context.clearRect(0, 0, this.canvas.width, this.canvas.height);
      if (this.#picture === undefined) return;
      const { view } = this.#picture.picture;
      const { camera } = this;
      const zoom = view.scale / camera.scale;
      context.imageSmoothingEnabled = zoom < 1;
      context.drawImage(
        this.#picture.bitmap,
        (view.column - camera.column) / camera.scale,
        (view.row - camera.row) / camera.scale,
        view.width * zoom,
        view.height * zoom,
      );
      // Where the mask ends must be seen even when its corners are empty; the gap keeps its outermost cells apart.
      const gap = 3;
      context.strokeStyle = getComputedStyle(this.canvas).borderColor;
      context.strokeRect(
        Math.round(-camera.column / camera.scale) - gap - 0.5,
        Math.round(-camera.row / camera.scale) - gap - 0.5,
        Math.round(this.#extent.keys / camera.scale) + 2 * gap + 1,
        Math.round(this.#extent.queries / camera.scale) + 2 * gap + 1,
      );
    });
  }
}
