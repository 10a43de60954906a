import type { Picture } from '../../runtime/draw/picture.ts';

/** How a terminal is told a colour. */
export type ColourDepth = '24-bit' | '256';

/** Two pixels to a character: the upper half in the colour of the text, the lower one in that of its background. */
const UPPER_HALF = '▀';
const RESET = '\u001b[0m';
/** Without colours: nothing lit, less than half, half, more, all. */
const SHADES = ' ░▒▓█';
const HALVES = { upper: '▀', lower: '▄', both: '█', none: ' ' } as const;

/** A picture as lines of coloured characters, as many columns as it has pixels and half as many lines as rows of them. */
export function colouredLines({ pixels, width, height }: Picture, depth: ColourDepth): string[] {
  const code = (x: number, y: number): string => {
    const at = 4 * (y * width + x);
    return colourCode(pixels[at] ?? 0, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0, depth);
  };
  return Array.from({ length: Math.ceil(height / 2) }, (_, line) => {
    const upper = 2 * line;
    let text = '';
    let last = '';
    for (let x = 0; x < width; x++) {
      const colours = `\u001b[38;${code(x, upper)}${upper + 1 < height ? `;48;${code(x, upper + 1)}` : ';49'}m`;
      text += colours === last ? UPPER_HALF : colours + UPPER_HALF;
      last = colours;
    }
    return text + RESET;
  });
}

/** The same without colours. The picture has to be drawn on nothing: the more opaque a pixel, the denser it is. */
export function plainLines(picture: Picture): string[] {
  const { pixels, width, height, scale } = picture;
  const opacity = (x: number, y: number): number => (y < height ? (pixels[4 * (y * width + x) + 3] ?? 0) / 255 : 0);
  const character = (x: number, y: number): string => {
    const [upper, lower] = [opacity(x, y), opacity(x, y + 1)];
    // Where a pixel is a cell or less, it is lit or not; where it is many cells, how much of them is the news.
    if (scale <= 1) return HALVES[upper > 0 ? (lower > 0 ? 'both' : 'upper') : lower > 0 ? 'lower' : 'none'];
    return SHADES[Math.ceil(((upper + lower) / 2) * (SHADES.length - 1))] ?? ' ';
  };
  return Array.from({ length: Math.ceil(height / 2) }, (_, line) =>
    Array.from({ length: width }, (_, x) => character(x, 2 * line))
      .join('')
      .trimEnd(),
  );
}

/** A line of the legend. */
export function legendLine(
  label: string,
  [red, green, blue]: readonly [number, number, number],
  depth: ColourDepth | undefined,
): string {
  return depth === undefined ? `- ${label}` : `\u001b[38;${colourCode(red, green, blue, depth)}m█${RESET} ${label}`;
}

function colourCode(red: number, green: number, blue: number, depth: ColourDepth): string {
  if (depth === '24-bit') return `2;${red};${green};${blue}`;
  // The cube of 6 x 6 x 6 colours that terminals of 256 have.
  const level = (channel: number): number => (channel < 48 ? 0 : channel < 115 ? 1 : Math.floor((channel - 35) / 40));
  return `5;${16 + 36 * level(red) + 6 * level(green) + level(blue)}`;
}
