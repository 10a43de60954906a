import { compose } from './compose.ts';
import type { Renderer } from './renderer.ts';
import type { Frame } from './tile.ts';

/** Draws on the processor, wherever there is a canvas. */
export class CanvasRenderer implements Renderer {
  readonly kind = 'canvas';
  readonly canvas = document.createElement('canvas');
  readonly #context: CanvasRenderingContext2D;
  #image: ImageData | undefined;

  constructor() {
    const context = this.canvas.getContext('2d');
    if (context === null) throw new Error('This browser cannot draw on a canvas.');
    this.#context = context;
  }

  draw(frame: Frame): void {
    const { canvas } = this;
    if (canvas.width !== frame.width) canvas.width = frame.width;
    if (canvas.height !== frame.height) canvas.height = frame.height;
    if (this.#image?.width !== frame.width || this.#image.height !== frame.height)
      this.#image = new ImageData(frame.width, frame.height);
    compose(frame, new Uint32Array(this.#image.data.buffer));
    this.#context.putImageData(this.#image, 0, 0);
  }

  dispose(): void {
    this.#image = undefined;
  }
}
