import { LayeredMask } from '../../runtime/draw/layered-mask.ts';
import { type Mixture, rasterize, type View } from '../../runtime/draw/raster.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import type { Drawn, Picture } from './drawing-messages.ts';
import { chosen } from './mask-choice.ts';

/** Words of a mask that one picture may read before it shows densities of samples: tiles come one after the other. */
const MOST_WORDS = 2 ** 22;
/** Different pixels that are remembered. */
const MOST_MIXTURES = 2 ** 17;

/** Draws pictures of the mask that it was told last. */
export class Drawer {
  #known: { readonly id: number; readonly drawn: Drawn; readonly mask: LayeredMask; readonly shape: Shape } | undefined;

  /** What tiles at one scale have found out. */
  #mixtures = new Map<string, Mixture | null>();
  #scale = 0;

  /** Throws PatternError. */
  draw(id: number, drawn: Drawn | null, view: View): Picture {
    if (drawn !== null) {
      const { pattern, shape } = chosen(drawn.choice);
      const { mask } = LayeredMask.of(pattern, shape, drawn.choice.hidden);
      this.#known = { id, drawn, mask, shape };
    }
    if (this.#known?.id !== id) return { unknown: true };
    const { mask, shape, drawn: known } = this.#known;
    if (drawn !== null || view.scale !== this.#scale || this.#mixtures.size > MOST_MIXTURES) this.#mixtures = new Map();
    this.#scale = view.scale;
    return rasterize(mask, shape, view, {
      palette: known.palette,
      stripes: true,
      maxWords: MOST_WORDS,
      known: this.#mixtures,
    });
  }
}
