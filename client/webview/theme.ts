import type { Rgb, Surroundings } from '../../runtime/draw/palette.ts';
import { DARK } from '../../runtime/draw/palette.ts';

/** Colours around the mask, taken from the theme of the editor. */
export function surroundingsOfTheme(): Surroundings {
  const background = colourVariable('--vscode-editor-background') ?? DARK.background;
  const foreground = colourVariable('--vscode-editor-foreground') ?? [204, 204, 204];
  const contrast = document.body.classList.contains('vscode-high-contrast') ? 0.5 : 0.15;
  return { background, line: mix(background, foreground, contrast) };
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
