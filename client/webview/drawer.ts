import type { LayeredMask } from '../../runtime/draw/layered-mask.ts';
import { type Mixture, rasterize, type View } from '../../runtime/draw/raster.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { drawnMask } from './compare/drawn-mask.ts';
import type { Drawn, Picture } from './drawing-messages.ts';

/** Words of a mask that one tile may read before it shows densities of samples: at a glance, and on a longer look. */
const GLANCE_WORDS = 2 ** 16;
const THOROUGH_WORDS = 2 ** 22;
/** Different pixels that are remembered. */
const MOST_MIXTURES = 2 ** 17;

/** Draws pictures of the mask that it was told last. */
export class Drawer {
  #known: { readonly id: number; readonly drawn: Drawn; readonly mask: LayeredMask; readonly shape: Shape } | undefined;

  /** What tiles at one scale have found out. */
  #mixtures = new Map<string, Mixture | null>();
  #scale = 0;
  #thorough = false;

  /** Throws PatternError. */
  draw(id: number, drawn: Drawn | null, view: View, thorough: boolean): Picture {
    if (drawn !== null) {
      const { mask, shape } = drawnMask(drawn);
      this.#known = { id, drawn, mask, shape };
    }
    if (this.#known?.id !== id) return { unknown: true };
    const { mask, shape, drawn: known } = this.#known;
    const again = drawn !== null || view.scale !== this.#scale || thorough !== this.#thorough;
    // What was sampled at a glance must not pass for what a longer look finds.
    if (again || this.#mixtures.size > MOST_MIXTURES) this.#mixtures = new Map();
    this.#scale = view.scale;
    this.#thorough = thorough;
    return rasterize(mask, shape, view, {
      palette: known.palette,
      stripes: true,
      maxWords: thorough ? THOROUGH_WORDS : GLANCE_WORDS,
      known: this.#mixtures,
    });
  }
}
