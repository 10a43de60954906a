import { CompileError } from '../../runtime/compile/mask-tree.ts';
import { LayeredMask } from '../../runtime/draw/layered-mask.ts';
import { ON_NOTHING } from '../../runtime/draw/palette.ts';
import { encodePng } from '../../runtime/draw/png.ts';
import { rasterize } from '../../runtime/draw/raster.ts';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { type Shape, squareShape } from '../../runtime/pattern/shape.ts';
import { toBase64 } from '../../runtime/tensor/base64.ts';
import { keyOf } from '../check/facts.ts';
import { type Checkpoint, type Idle, SlowAnswers } from '../slow-answers.ts';

/** Pixels of the longer side. */
const SIDE = 128;
/** Pixels that are drawn of a mask with more tokens than fit; each is shown as several. */
const DRAWN = 64;
/** Words that may be read for pixels that cover many cells, before they show a sample. */
const MOST_WORDS = 2 ** 14;
/** Editors cut long hovers off. */
const LONGEST = 60_000;
/** A decoding step has one row: nothing to see. */
const LOWEST = 12;
const KEPT = 64;

/** Grey that shows on light and dark alike. */
const FRAME = [128, 128, 128, 160] as const;

/** Small pictures of masks for hovers, drawn while nobody notices or not at all. */
export class MaskPictures {
  readonly #known: SlowAnswers<string | undefined>;

  constructor(idle?: Idle) {
    this.#known = new SlowAnswers(KEPT, idle);
  }

  /**
   * The mask as a Markdown image; undefined when it has none (keys chosen by content) or takes longer to draw than so
   * many milliseconds.
   */
  of(pattern: Pattern, shape: Shape, milliseconds: number): string | undefined {
    const key = `picture${keyOf([pattern, shape])}`;
    return this.#known.ask(key, milliseconds, checkpoint => drawn(pattern, shape, checkpoint))?.value;
  }
}

function drawn(pattern: Pattern, shape: Shape, checkpoint: Checkpoint, tries = 2): string | undefined {
  try {
    const image = picture(pattern, shape, checkpoint);
    return image !== undefined && image.length <= LONGEST ? image : undefined;
  } catch (error) {
    // A grid has a length of its own.
    if (error instanceof PatternError && error.neededTokens !== undefined && tries > 1)
      return drawn(pattern, squareShape(error.neededTokens, shape), checkpoint, tries - 1);
    if (error instanceof PatternError || error instanceof CompileError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function picture(pattern: Pattern, shape: Shape, checkpoint: Checkpoint): string | undefined {
  const { tokens, queries } = shape;
  const longer = Math.max(tokens, queries);
  const small = longer <= SIDE;
  const zoom = small ? Math.floor(SIDE / longer) : SIDE / DRAWN;
  // A few tokens are drawn as they are; of many, each pixel shows how dense its cells are.
  const scale = small ? 1 : longer / DRAWN;
  const width = Math.ceil(tokens / scale);
  const height = Math.ceil(queries / scale);
  if (height * zoom < LOWEST || width * zoom < LOWEST) return undefined;
  const { mask } = LayeredMask.of(pattern, shape);
  checkpoint();
  const view = { x: 0, y: 0, scale, width, height };
  const { pixels } = rasterize(mask, shape, view, { palette: ON_NOTHING, checkpoint, maxWords: MOST_WORDS });
  checkpoint();
  const image = framed(pixels, width, height, zoom);
  const file = encodePng(image.pixels, image.width, image.height);
  return `![mask of ${queries} queries and ${tokens} keys](data:image/png;base64,${toBase64(file)})`;
}

/** Every pixel `zoom` times as large, with a frame around all. */
function framed(pixels: Uint8ClampedArray, width: number, height: number, zoom: number) {
  const outer = { width: width * zoom + 2, height: height * zoom + 2 };
  const image = new Uint8Array(4 * outer.width * outer.height);
  for (let y = 0; y < outer.height; y++)
    for (let x = 0; x < outer.width; x++) {
      const at = 4 * (y * outer.width + x);
      const onFrame = x === 0 || y === 0 || x === outer.width - 1 || y === outer.height - 1;
      const from = 4 * (Math.floor((y - 1) / zoom) * width + Math.floor((x - 1) / zoom));
      for (let channel = 0; channel < 4; channel++)
        image[at + channel] = onFrame ? (FRAME[channel] ?? 0) : coarse(pixels[from + channel] ?? 0);
    }
  return { ...outer, pixels: image };
}

/** Fewer shades, which nobody tells apart, make a file a third of the size. */
function coarse(value: number): number {
  return value >= 248 ? 255 : value & 0xf8;
}
