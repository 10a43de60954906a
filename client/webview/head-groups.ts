import type { HeadMasks } from './heads.ts';

/** The layers and heads that have one mask, wherever they stand. */
export interface HeadGroup {
  /** Index into the classes of the masks. */
  readonly mask: number;
  /** The first of them. */
  readonly layer: number;
  readonly head: number;
  /** Which they are, in words. */
  readonly text: string;
}

/** A list of numbers in more stretches than this is counted instead. */
const MOST_STRETCHES = 4;

/** The masks of a model, or of one of its layers, each once, in the order in which they come first. */
export function headGroups(
  { classOf }: Pick<HeadMasks, 'classOf'>,
  layers: number,
  heads: number,
  only: number | null,
): readonly HeadGroup[] {
  const places = new Map<number, { layer: number; head: number }[]>();
  for (let layer = only ?? 0; layer < (only === null ? layers : only + 1); layer++)
    for (let head = 0; head < heads; head++) {
      const mask = classOf[layer * heads + head] ?? 0;
      const known = places.get(mask);
      if (known === undefined) places.set(mask, [{ layer, head }]);
      else known.push({ layer, head });
    }
  return [...places].map(([mask, all]) => {
    const inLayers = distinct(all.map(({ layer }) => layer));
    const ofHeads = distinct(all.map(({ head }) => head));
    const where =
      inLayers.length * ofHeads.length === all.length
        ? `${numbersText('layer', inLayers, layers)}, ${numbersText('head', ofHeads, heads)}`
        : `${all.length} heads in ${numbersText('layer', inLayers, layers)}`;
    return { mask, layer: all[0]?.layer ?? 0, head: all[0]?.head ?? 0, text: where };
  });
}

/**
 * `layer 3`, `layers 0..4` (half-open, as the language writes ranges), `layers 1..80 step 2`, `layers 0, 2..5`, or how many
 * there are where that would be long.
 *
 * @param numbers ascending
 * @param total how many there are in all: steps are written up to there
 */
export function numbersText(one: string, numbers: readonly number[], total: number): string {
  const [first = 0, second] = numbers;
  const last = numbers.at(-1) ?? first;
  if (second === undefined) return `${one} ${first}`;
  const step = second - first;
  if (numbers.length > 2 && step > 1 && numbers.every((number, index) => number === first + index * step))
    return `${one}s ${first}..${Math.min(total, last + step)} step ${step}`;
  const stretches: { from: number; to: number }[] = [];
  for (const number of numbers) {
    const open = stretches.at(-1);
    if (open?.to === number) open.to++;
    else stretches.push({ from: number, to: number + 1 });
  }
  if (stretches.length > MOST_STRETCHES) return `${numbers.length} ${one}s from ${first} to ${last}`;
  return `${one}s ${stretches.map(({ from, to }) => (to === from + 1 ? from : `${from}..${to}`)).join(', ')}`;
}

function distinct(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
