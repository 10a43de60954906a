import { html, nothing, svg, type TemplateResult } from 'lit';
import { ratio, times } from '../../runtime/compile/count.ts';
import { type Palette, partColour } from '../../runtime/draw/palette.ts';
import type { Part } from '../../runtime/draw/parts.ts';
import { differenceOf } from './compare/compared.ts';
import { percent } from './format.ts';
import { inquire } from './inquire.ts';
import type { PageServices } from './page-services.ts';
import type { Section } from './sections/section.ts';
import { shownOf } from './shown.ts';
import type { State } from './state.ts';

/** A pointer that rests on a name for so long has its cells stand out; beyond eight parts colours come twice. */
const REST_MS = 120;

/** The primitives of the mask with their colours and shares; each can be hidden, and shown in the editor. */
export function legendSection(page: PageServices): Section {
  inquire(page, [{ kind: 'measure' }]);
  let resting: ReturnType<typeof setTimeout> | undefined;
  /** The picture is drawn anew for it: not for a pointer that is on its way to somewhere else. */
  const point = (pointedPart: number | null, after: number): void => {
    clearTimeout(resting);
    resting = setTimeout(() => page.store.update({ pointedPart }), after);
  };
  return {
    id: 'legend',
    title: 'Legend',
    content: state => {
      const bound = shownOf(state)?.bound;
      // The colours of a difference are others.
      if (!bound || differenceOf(state) !== null) return null;
      const { palette } = state;
      const shares = sharesOf(state);
      return html`
        <ul>
          ${bound.parts.map((part, index) => entry(page, part, shares?.[index] ?? null, palette, index, point))}
        </ul>
        ${apply(page, bound.parts)}
        ${bound.parts.length === 0 ? html`<p class="muted">This pattern lights no cell.</p>` : nothing}
      `;
    },
  };
}

/** Writes what is hidden into the source. */
function apply({ store, send }: PageServices, parts: readonly Part[]): TemplateResult | typeof nothing {
  const { hidden } = store.state;
  const spans = parts.flatMap(({ label, span }) => (span !== undefined && hidden.includes(label) ? [span] : []));
  if (spans.length === 0) return nothing;
  return html`<div class="actions">
    <vscode-button title="Remove what is hidden from the source; Undo brings it back" @click=${() => send({ type: 'remove', spans })}
      >Apply</vscode-button
    >
    <vscode-button secondary @click=${() => store.update({ hidden: [] })}>Show all</vscode-button>
  </div>`;
}

/** Share of all pairs that each part holds, hidden or not; null while that is not known. */
function sharesOf({ answers: { measure } }: State): readonly number[] | null {
  if (!measure || 'problem' in measure || 'estimate' in measure.answer) return null;
  const { parts, statistics } = measure.answer;
  const all = times(statistics.queries, statistics.tokens);
  return parts.map(({ pairs }) => ratio(pairs, all));
}

function entry(
  { store, send }: PageServices,
  { label, span }: Part,
  share: number | null,
  palette: Palette,
  index: number,
  point: (part: number | null, after: number) => void,
): TemplateResult {
  const { hidden } = store.state;
  const shown = !hidden.includes(label);
  const toggle = (): void =>
    store.update({ hidden: shown ? [...hidden, label] : hidden.filter(each => each !== label) });
  return html`<li class=${shown ? '' : 'hidden'}>
    <button type="button" class="eye" aria-pressed=${shown ? 'true' : 'false'} title=${shown ? `Hide ${label}` : `Show ${label}`} aria-label=${`Show ${label}`} @click=${toggle}>
      ${swatch(palette, index, shown)}
    </button>
    <button
      type="button"
      class="part"
      aria-disabled=${span === undefined ? 'true' : 'false'}
      @pointerenter=${() => point(index, REST_MS)}
      @pointerleave=${() => point(null, 0)}
      @focus=${(event: Event) => (event.target as HTMLElement).matches(':focus-visible') && point(index, 0)}
      @blur=${() => point(null, 0)}
      title=${span === undefined ? label : `${label}: show in the editor`}
      @click=${() => span !== undefined && send({ type: 'reveal', span, focus: true })}
    >
      <code>${label}</code><span class="share">${share === null ? '' : percent(share)}</span>
    </button>
  </li>`;
}

function swatch(palette: Palette, index: number, filled: boolean): TemplateResult {
  const colour = `rgb(${partColour(palette, index).join(' ')})`;
  return html`<svg width="14" height="14" aria-hidden="true">${svg`<rect x="1" y="1" width="12" height="12" stroke-width="2" stroke=${colour} fill=${filled ? colour : 'none'}></rect>`}</svg>`;
}
