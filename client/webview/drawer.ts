import { LayeredMask } from '../../runtime/draw/layered-mask.ts';
import { rasterize, type View } from '../../runtime/draw/raster.ts';
import { RasterMemory } from '../../runtime/draw/raster-memory.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import type { Drawn, Picture } from './drawing-messages.ts';
import { chosen } from './mask-choice.ts';

/** Words of a mask that one tile may read before it shows densities of samples: at a glance, and on a longer look. */
const GLANCE_WORDS = 2 ** 16;
const THOROUGH_WORDS = 2 ** 22;

/** Draws pictures of the mask that it was told last. */
export class Drawer {
  #known: { readonly id: number; readonly drawn: Drawn; readonly mask: LayeredMask; readonly shape: Shape } | undefined;

  /** What tiles at one scale have found out. */
  #memory = new RasterMemory();
  #scale = 0;
  #thorough = false;

  /** Throws PatternError. */
  draw(id: number, drawn: Drawn | null, view: View, thorough: boolean): Picture {
    if (drawn !== null) {
      const { pattern, shape } = chosen(drawn.choice);
      const { mask } = LayeredMask.of(pattern, shape, drawn.choice.hidden);
      this.#known = { id, drawn, mask, shape };
    }
    if (this.#known?.id !== id) return { unknown: true };
    const { mask, shape, drawn: known } = this.#known;
    const again = drawn !== null || view.scale !== this.#scale || thorough !== this.#thorough;
    // What was sampled at a glance must not pass for what a longer look finds.
    if (again) this.#memory = new RasterMemory();
    this.#scale = view.scale;
    this.#thorough = thorough;
    return rasterize(mask, shape, view, {
      palette: known.palette,
      stripes: true,
      maxWords: thorough ? THOROUGH_WORDS : GLANCE_WORDS,
      memory: this.#memory,
    });
  }
}
