import { html, svg, type TemplateResult } from 'lit';
import type { ReceptiveField } from '../../../runtime/analyse/receptive-field.ts';
import { count, percent } from '../format.ts';
import type { PageServices } from '../page-services.ts';
import { found, line, type Section, setOwnState } from '../sections/section.ts';
import { FIELD_SECTION, type FieldChoice, heardShares, layersShown } from './field.ts';

/** Stretches of the sequence that are told apart in the strip. */
const BINS = 96;

/** What the selected query hears of as layers are stacked, layer by layer. */
export function fieldSection(page: PageServices): Section {
  let known: { readonly after: Int32Array; readonly layers: number; readonly shares: readonly number[] } | undefined;
  const sharesOf = (after: Int32Array, layers: number): readonly number[] => {
    if (known?.after !== after || known.layers !== layers)
      known = { after, layers, shares: heardShares(after, layers, Math.min(BINS, after.length)) };
    return known.shares;
  };
  return {
    id: FIELD_SECTION,
    title: 'Receptive field',
    ofMask: true,
    content: state => {
      if (state.cell === null)
        return html`<p class="muted">Select a cell of the picture to see what its query hears of as layers are stacked.</p>`;
      return found(state.field, field => {
        const layers = layersShown(state, field);
        return fieldLines(page, field, layers, sharesOf(field.after, layers));
      });
    },
  };
}

function fieldLines(
  page: PageServices,
  field: ReceptiveField,
  layers: number,
  shares: readonly number[],
): TemplateResult {
  const { query, after, fields } = field;
  const most = fields.length;
  const now = fields[layers - 1];
  const pick = (event: Event): void =>
    setOwnState<FieldChoice>(page, FIELD_SECTION, { layers: Number((event.target as HTMLInputElement).value) });
  return html`<div class="stacked">
      <input
        type="range"
        min="1"
        .max=${String(most)}
        .value=${String(layers)}
        ?disabled=${most === 1}
        aria-label="Layers that are stacked"
        aria-valuetext=${`${layersText(layers)}: ${heardText(field, layers)}`}
        @input=${pick}
      />
      <output>${layersText(layers)}</output>
    </div>
    ${strip(field, layers, shares)}
    <dl class="numbers">
      ${line('Heard of', now === undefined ? '' : count(now.keys), `of ${count(after.length)} keys`, `Keys whose information gets to query ${count(query)} through the first ${layersText(layers)}`)}
      ${line('From', now === undefined ? '' : `${count(now.first)} to ${count(now.last)}`, '', 'The first and the last of them')}
      ${line('Everything', everythingText(field), '', 'Layers after which the query has heard of all that it ever will')}
    </dl>`;
}

function strip(field: ReceptiveField, layers: number, shares: readonly number[]): TemplateResult {
  return html`<svg class="heard" role="img" aria-label=${`Query ${count(field.query)} after ${layersText(layers)}: ${heardText(field, layers)}`} viewBox=${`0 0 ${shares.length} 10`} preserveAspectRatio="none">
    ${shares.map((share, bin) => (share === 0 ? '' : svg`<rect x=${bin} y="0" width="1.02" height="10" opacity=${0.3 + 0.7 * share}></rect>`))}
  </svg>`;
}

/** `1 layer`, `3 layers` */
export function layersText(layers: number): string {
  return layers === 1 ? '1 layer' : `${count(layers)} layers`;
}

/** `22 of 1,000 keys (2.2 %), 679 to 700` */
export function heardText({ after, fields }: ReceptiveField, layers: number): string {
  const field = fields[layers - 1];
  if (field === undefined) return '';
  return `${count(field.keys)} of ${count(after.length)} keys (${percent(field.keys / after.length)}), ${count(field.first)} to ${count(field.last)}`;
}

/** When a position hears of nothing new any more; a model may end before that. */
export function everythingText({ fields, layers }: ReceptiveField): string {
  const needed = fields.length;
  return layers === null || needed < layers
    ? `after ${layersText(needed)}`
    : `not before the last of ${layersText(layers)}`;
}
