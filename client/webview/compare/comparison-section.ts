import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Comparison } from '../../../runtime/analyse/compare.ts';
import { type Count, ratio, times } from '../../../runtime/compile/count.ts';
import { differencePalette, type Palette, partColour } from '../../../runtime/draw/palette.ts';
import { count, percent } from '../format.ts';
import type { PageServices } from '../page-services.ts';
import { found, type Section } from '../sections/section.ts';
import type { State } from '../state.ts';
import { comparedNames, type Other, otherOf } from './compared.ts';
import type { ComparedAs } from './compared-with.ts';

const WAYS: readonly { readonly as: ComparedAs; readonly label: string; readonly title: string }[] = [
  { as: 'difference', label: 'Difference', title: 'One picture: what only one of them holds, and what both do' },
  { as: 'side by side', label: 'Side by side', title: 'Two pictures that move together' },
];

/** What the mask is compared with, how, and how many pairs they have in common. */
export function comparisonSection(page: PageServices): Section {
  return {
    id: 'comparison',
    title: 'Comparison',
    content: state => {
      if (state.compared === null) return null;
      const other = otherOf(state);
      const problem = state.compared.problem ?? other?.problem ?? null;
      return html`${ways(page, state.compared.as)}
        ${problem === null ? nothing : html`<p class="problem" role="status">${problem}</p>`}
        ${other?.needsContent ? html`<p class="muted">Choosing keys...</p>` : nothing}
        ${other?.bound ? found(state.comparison, answer => counts(page, state, other, answer), 'Comparing...') : nothing}
        ${actions(page)}`;
    },
  };
}

function ways({ store }: PageServices, as: ComparedAs): TemplateResult {
  const pick = (to: ComparedAs): void =>
    store.update(({ compared }) => ({ compared: compared && { ...compared, as: to } }));
  return html`<div class="ways" role="group" aria-label="How they are compared">
    ${WAYS.map(
      way =>
        html`<button type="button" title=${way.title} aria-pressed=${way.as === as ? 'true' : 'false'} @click=${() => pick(way.as)}>${way.label}</button>`,
    )}
  </div>`;
}

function counts(page: PageServices, state: State, other: Other, comparison: Comparison): TemplateResult {
  const [first, second] = comparedNames(state);
  const shape = other.bound?.shape;
  const all = times(shape?.queries ?? 1, shape?.tokens ?? 1);
  const colours = other.as === 'difference' ? differencePalette(state.palette) : null;
  const row = (label: string, pairs: Count, part: number): TemplateResult => html`<li>
    ${colours === null ? nothing : swatch(colours, part)}<span class="label">${label}</span>
    <span class="pairs">${count(pairs)}</span><span class="share">${percent(ratio(pairs, all))}</span>
  </li>`;
  return html`<p>${verdict(first, second, comparison)}</p>
    <ul class="counts">
      ${row(`only ${first}`, comparison.onlyFirst, 0)} ${row(`only ${second}`, comparison.onlySecond, 1)}
      ${row('both', comparison.both, 2)}
    </ul>
    ${firstDifference(page, other, comparison)} ${other.as === 'difference' ? nothing : partsOf(state, second, other)}`;
}

/** How two masks are related, in words. */
export function verdict(first: string, second: string, { relation, onlyFirst, onlySecond }: Comparison): string {
  switch (relation) {
    case 'equal':
      return `${first} and ${second} hold the same pairs.`;
    case 'contained':
      return `${second} holds all of ${first}, and ${pairsText(onlySecond)} more.`;
    case 'containing':
      return `${first} holds all of ${second}, and ${pairsText(onlyFirst)} more.`;
    case 'disjoint':
      return `${first} and ${second} have no pair in common.`;
    case 'overlapping':
      return `Each of ${first} and ${second} holds pairs that the other lacks.`;
  }
}

function pairsText(pairs: Count): string {
  return `${count(pairs)} ${Number(pairs) === 1 ? 'pair' : 'pairs'}`;
}

function firstDifference(
  { store }: PageServices,
  other: Other,
  { difference }: Comparison,
): TemplateResult | typeof nothing {
  if (difference === undefined || !other.bound) return nothing;
  const cell = { row: difference.query - other.bound.shape.offset, column: difference.key };
  return html`<p>
    <button type="button" class="link" title="Select this cell in the picture" @click=${() => store.update({ cell, camera: null })}>
      First difference: i = ${count(difference.query)}, j = ${count(difference.key)}
    </button>
  </p>`;
}

/** The legend of the second picture. */
function partsOf({ palette }: State, name: string, { bound }: Other): TemplateResult {
  return html`<p class="muted">${name}:</p>
    <ul class="counts">
      ${(bound?.parts ?? []).map(({ label }, index) => html`<li>${swatch(palette, index)}<code class="label">${label}</code></li>`)}
    </ul>`;
}

function actions({ store, send }: PageServices): TemplateResult {
  return html`<div class="actions">
    <vscode-button secondary title="Compare with another pattern or model" @click=${() => send({ type: 'compare' })}>Change...</vscode-button>
    <vscode-button secondary title="Show the mask alone" @click=${() => store.update({ compared: null })}>End</vscode-button>
  </div>`;
}

function swatch(palette: Palette, index: number): TemplateResult {
  const colour = `rgb(${partColour(palette, index).join(' ')})`;
  return html`<svg width="14" height="14" aria-hidden="true">${svg`<rect x="1" y="1" width="12" height="12" fill=${colour}></rect>`}</svg>`;
}
