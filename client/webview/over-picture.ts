import type { Camera, Extent, Size } from './mask/camera.ts';

/** Where the picture looks just now. */
export interface PicturePlace {
  readonly camera: Camera;
  readonly extent: Extent;
  readonly size: Size;
}

/** Something that a section lays over the cells of the picture, below cursor and tiles. */
export interface OverPicture {
  readonly canvas: HTMLCanvasElement;
  /** Called whenever the picture is drawn; `again` has it drawn once more, when something else is known. */
  draw(place: PicturePlace, again: () => void): void;
}
