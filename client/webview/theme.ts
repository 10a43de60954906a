import {
  DARK,
  HIGH_CONTRAST_DARK,
  HIGH_CONTRAST_LIGHT,
  LIGHT,
  type OpaquePalette,
  partColour,
  type Rgb,
} from '../../runtime/draw/palette.ts';
import type { MarkColours } from './mask/decorations.ts';

/** Colours of the mask in the theme of the editor, on its background. */
export function paletteOfTheme(): OpaquePalette {
  const { classList } = document.body;
  const contrast = classList.contains('vscode-high-contrast');
  // The light high contrast theme has both classes.
  const light = classList.contains('vscode-light') || classList.contains('vscode-high-contrast-light');
  const palette = contrast ? (light ? HIGH_CONTRAST_LIGHT : HIGH_CONTRAST_DARK) : light ? LIGHT : DARK;
  const background = colourVariable('--vscode-editor-background') ?? palette.background;
  const foreground = colourVariable('--vscode-editor-foreground');
  const line = foreground === undefined ? palette.line : mix(background, foreground, contrast ? 0.5 : 0.15);
  return { ...palette, background, line };
}

/** How much of their colour parts keep that do not stand out. */
const DIMMED = 0.22;

/** A palette in which some of the parts stand out from the others; null: none does. */
export function highlighted(
  palette: OpaquePalette,
  parts: readonly unknown[],
  lit: readonly number[] | null,
): OpaquePalette {
  if (lit === null) return palette;
  const colours = parts.map((_, index) => {
    const colour = partColour(palette, index);
    return lit.includes(index) ? colour : mix(palette.background, colour, DIMMED);
  });
  return { ...palette, parts: colours };
}

/** Colours of what lies over the mask. */
export function markColours({ background }: OpaquePalette): MarkColours {
  const foreground = colourVariable('--vscode-editor-foreground') ?? [128, 128, 128];
  return {
    frame: css(mix(background, foreground, document.body.classList.contains('vscode-high-contrast') ? 1 : 0.35)),
    cursor: css(foreground),
    halo: css(background),
  };
}

function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const channel = (index: 0 | 1 | 2): number => Math.round(from[index] + (to[index] - from[index]) * share);
  return [channel(0), channel(1), channel(2)];
}

/** Themes write colours in many ways; a canvas understands them all. */
function colourVariable(name: string): Rgb | undefined {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  if (value === '') return undefined;
  const canvas = document.createElement('canvas');
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext('2d');
  if (context === null) return undefined;
  context.fillStyle = value;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

/** Calls back when the user picks another theme. */
export function onThemeChange(changed: () => void): void {
  new MutationObserver(changed).observe(document.body, {
    attributes: true,
    attributeFilter: ['class', 'data-vscode-theme-id'],
  });
}
