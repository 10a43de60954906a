import type { Frame } from './tile.ts';

/** Draws frames on a canvas of its own. */
export interface Renderer {
  readonly kind: 'webgpu' | 'canvas';
  readonly canvas: HTMLCanvasElement;
  draw(frame: Frame): void;
  /** Frees what it holds; it draws no more. */
  dispose(): void;
}
