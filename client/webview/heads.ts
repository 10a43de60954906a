import { LayeredMask } from '../../runtime/draw/layered-mask.ts';
import type { Palette } from '../../runtime/draw/palette.ts';
import { rasterize } from '../../runtime/draw/raster.ts';
import { isDynamic } from '../../runtime/pattern/bind.ts';
import { maskName } from '../../runtime/pattern/mask-name.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { chooseSample } from './content/choose-sample.ts';
import { asWritten, chosen, type MaskChoice } from './mask-choice.ts';

/** Pixels of a small picture of a mask. */
export const THUMBNAIL = 40;
/** Words that one may read before it shows samples. */
const MOST_WORDS = 2 ** 18;

/** One mask of a model and where it is used. */
export interface MaskClass {
  /** The first layer and head that have it. */
  readonly layer: number;
  readonly head: number;
  /** RGBA, [THUMBNAIL][THUMBNAIL]; null where it is not drawn. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer> | null;
  /** Are its keys chosen by content? Then it is drawn only after they were chosen, which takes time. */
  readonly byContent: boolean;
  /** Why it cannot be drawn, or null. */
  readonly problem: string | null;
}

/** The masks of all layers and heads of a model, each once. */
export interface HeadMasks {
  readonly classes: readonly MaskClass[];
  /** Index into `classes`, [layers][heads]. */
  readonly classOf: Uint16Array<ArrayBuffer>;
}

/** Which layers and heads of a model have the same mask, with a small picture of each. Throws PatternError. */
export function headMasks(choice: MaskChoice, palette: Palette): HeadMasks {
  const { model, tokens } = choice;
  const byName = new Map<string, number>();
  const classes: MaskClass[] = [];
  const classOf = new Uint16Array(model.layers * model.heads);
  for (let layer = 0; layer < model.layers; layer++)
    for (let head = 0; head < model.heads; head++) {
      const pattern = patternAt(model, layer, head);
      const name = pattern === undefined ? '' : maskName(pattern, shapeAt(model, layer, head, tokens));
      let index = byName.get(name);
      if (index === undefined) {
        index = classes.length;
        byName.set(name, index);
        classes.push({ layer, head, ...thumbnail({ ...choice, layer, head }, palette) });
      }
      classOf[layer * model.heads + head] = index;
    }
  return { classes, classOf };
}

/** The small picture of a mask. */
export function thumbnail(choice: MaskChoice, palette: Palette): Omit<MaskClass, 'layer' | 'head'> {
  let byContent = false;
  try {
    const written = chosen(asWritten(choice));
    byContent = isDynamic(written.pattern, written.shape);
    const { pattern, shape } = chosen(choice);
    if (isDynamic(pattern, shape)) return { pixels: null, byContent, problem: null };
    const { mask } = LayeredMask.of(pattern, shape, choice.hidden);
    const scale = Math.max(shape.tokens, shape.queries) / THUMBNAIL;
    const view = { x: 0, y: 0, scale, width: THUMBNAIL, height: THUMBNAIL };
    const { pixels } = rasterize(mask, shape, view, { palette, stripes: true, maxWords: MOST_WORDS });
    return { pixels, byContent, problem: null };
  } catch (error) {
    if (error instanceof PatternError) return { pixels: null, byContent, problem: error.message };
    throw error;
  }
}

/** The same of a mask whose keys are chosen by content, for made-up data. */
export async function sampleThumbnail(
  choice: MaskChoice,
  palette: Palette,
): Promise<Omit<MaskClass, 'layer' | 'head'>> {
  try {
    const content = await chooseSample(choice);
    return thumbnail({ ...choice, content }, palette);
  } catch (error) {
    if (error instanceof PatternError) return { pixels: null, byContent: true, problem: error.message };
    throw error;
  }
}

/** Neighbours with the same masks. */
export interface Run {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** Layers, and heads, that stand beside each other and have the same masks throughout. */
export function runsOf(
  { classOf }: Pick<HeadMasks, 'classOf'>,
  layers: number,
  heads: number,
): { readonly layers: readonly Run[]; readonly heads: readonly Run[] } {
  const at = (layer: number, head: number): number => classOf[layer * heads + head] ?? 0;
  const all = (count: number) => Array.from({ length: count }, (_, index) => index);
  return {
    layers: joined(layers, (a, b) => all(heads).every(head => at(a, head) === at(b, head))),
    heads: joined(heads, (a, b) => all(layers).every(layer => at(layer, a) === at(layer, b))),
  };
}

function joined(count: number, same: (a: number, b: number) => boolean): Run[] {
  const runs: Run[] = [];
  let from = 0;
  for (let index = 1; index <= count; index++) {
    if (index < count && same(from, index)) continue;
    runs.push({ from, to: index });
    from = index;
  }
  return runs;
}
