import type { DensityResult } from '../server/protocol.ts';

/** What the status item says about the pattern at the cursor. */
export function densityText(found: DensityResult | null): { readonly text: string; readonly detail: string } {
  if (found === null) return { text: 'No pattern here', detail: '' };
  const { name, density, approximate, complexity, tokens } = found;
  return {
    text: density === null ? complexity : `Density ${approximate ? '≈ ' : ''}${percent(density)}`,
    detail: `${name} at ${tokens.toLocaleString('en-US')} tokens${density === null ? '' : `, ${complexity}`}`,
  };
}

/** As a percentage with three digits: `12.3%`. */
function percent(density: number): string {
  const value = density * 100;
  return `${value === 0 || value >= 100 ? value : Number(value.toPrecision(3))}%`;
}
