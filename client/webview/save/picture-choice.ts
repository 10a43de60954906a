import { DARK, LIGHT, type OpaquePalette } from '../../../runtime/draw/palette.ts';
import type { Crop } from '../../../runtime/draw/picture.ts';
import type { PictureFormat } from '../../preview/messages.ts';
import type { Camera, Extent, Size } from '../mask/camera.ts';

/** What the section keeps of how pictures are saved. */
export interface PictureChoice {
  readonly format: PictureFormat;
  /** Pixels of the longer side at most. */
  readonly side: number;
  readonly theme: 'shown' | 'light' | 'dark';
  readonly legend: boolean;
  readonly part: 'whole' | 'in sight';
}

/** How a picture is to be written. */
export interface PictureFile {
  readonly format: PictureFormat;
  /** Pixels of the longer side at most. */
  readonly side: number;
  /** Null: the whole mask. */
  readonly crop: Crop | null;
  readonly palette: OpaquePalette;
  readonly legend: boolean;
  readonly title: string;
}

export const USUAL_CHOICE: PictureChoice = { format: 'png', side: 1024, theme: 'shown', legend: true, part: 'whole' };

/** A PNG of this side takes 256 MiB while it is made. */
export const LARGEST_SIDE = 8192;
const SMALLEST_SIDE = 16;

/** A side that was typed, or what is wrong with it. */
export function typedSide(text: string): { readonly side: number } | { readonly problem: string } {
  const side = /^\d{1,6}$/.test(text.trim()) ? Number(text) : 0;
  return side >= SMALLEST_SIDE && side <= LARGEST_SIDE
    ? { side }
    : { problem: `Write a whole number of pixels from ${SMALLEST_SIDE} to ${LARGEST_SIDE}.` };
}

/** The colours of a picture: those of the editor's theme, or others that are asked for. */
export function paletteFor(theme: PictureChoice['theme'], shown: OpaquePalette): OpaquePalette {
  return theme === 'shown' ? shown : theme === 'light' ? LIGHT : DARK;
}

/** The rows and keys that a camera sees, those that are cut by the edge included; null where it sees all of them. */
export function inSight(camera: Camera | null, { width, height }: Size, { queries, keys }: Extent): Crop | null {
  if (camera === null) return null;
  const along = (start: number, pixels: number, count: number): readonly [number, number] => {
    const from = Math.min(count - 1, Math.max(0, Math.floor(start)));
    return [from, Math.max(from + 1, Math.min(count, Math.ceil(start + pixels * camera.scale)))];
  };
  const crop = { rows: along(camera.row, height, queries), keys: along(camera.column, width, keys) };
  const isWhole = crop.rows[0] === 0 && crop.rows[1] === queries && crop.keys[0] === 0 && crop.keys[1] === keys;
  return isWhole ? null : crop;
}

/** A name for the file, without its ending: what it shows and at which length, with nothing that a path minds. */
export function fileName(names: readonly string[], tokens: number, crop: Crop | null): string {
  const part = crop === null ? '' : `-${crop.rows.join('to')}x${crop.keys.join('to')}`;
  return `${names.join('-vs-')}-${tokens}${part}`.replaceAll(/[^\w.-]+/g, '-');
}
