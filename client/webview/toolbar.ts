import { html, nothing, type TemplateResult } from 'lit';
import { WASTE_TILES } from '../../runtime/analyse/waste.ts';
import { asShownText } from '../preview/as-shown.ts';
import { otherOf } from './compare/compared.ts';
import { contentText } from './content/about-content.ts';
import { percent } from './format.ts';
import type { PageServices } from './page-services.ts';
import { shownOf } from './shown.ts';
import type { State } from './state.ts';
import { scaleTokens, setTokens } from './tokens.ts';
import { chosenIn, switchTo } from './views.ts';

/** What the toolbar does with the picture. */
export interface PictureActions {
  zoom(factor: number): void;
  fit(): void;
}

/** Which mask is shown, and how. */
export function toolbar(page: PageServices, picture: PictureActions): TemplateResult {
  const { state } = page.store;
  const choice = shownOf(state)?.choice;
  const model = choice?.model;
  return html`<div class="toolbar" role="toolbar" aria-label="Preview">
    ${declarations(page)}
    <span class="group">
      <label for="tokens">n</label>
      <vscode-textfield
        id="tokens"
        class="tokens"
        .label=${'Tokens'}
        .value=${String(choice?.tokens ?? '')}
        ?invalid=${state.tokensProblem !== null}
        @change=${(event: Event) => setTokens(page, (event.target as HTMLInputElement).value)}
      ></vscode-textfield>
      <vscode-button secondary title="Half as many tokens" aria-label="÷2: half as many tokens" @click=${() => scaleTokens(page, 0.5)}>÷2</vscode-button>
      <vscode-button secondary title="Twice as many tokens" aria-label="×2: twice as many tokens" @click=${() => scaleTokens(page, 2)}>×2</vscode-button>
    </span>
    ${model !== undefined && model.layers > 1 ? index(page, 'layer', model.layers, choice?.layer ?? 0) : nothing}
    ${model !== undefined && model.heads > 1 ? index(page, 'head', model.heads, choice?.head ?? 0) : nothing}
    <span class="spring"></span>
    ${tiles(page)}
    <span class="group">
      <vscode-button secondary title="Zoom out (-)" aria-label="− Zoom out" @click=${() => picture.zoom(1 / 1.5)}>−</vscode-button>
      <vscode-button secondary title="Zoom in (+)" aria-label="+ Zoom in" @click=${() => picture.zoom(1.5)}>+</vscode-button>
      <vscode-button secondary title="Show the whole mask (0)" @click=${() => picture.fit()}>Fit</vscode-button>
    </span>
    <span class="group">
      <vscode-button secondary title="Lay another pattern or model over this one" @click=${() => page.send({ type: 'compare' })}>Compare...</vscode-button>
      <vscode-button secondary title=${exportTitle(state)} @click=${() => page.send({ type: 'export' })}>Export...</vscode-button>
    </span>
  </div>`;
}

/** That an export takes over what is hidden and tried out here. */
function exportTitle({ adjustments, hidden }: State): string {
  const asShown = asShownText({ adjustments, hidden });
  return `Save the mask to a file${asShown === '' ? '' : `, ${asShown}`}`;
}

function declarations({ store, send }: PageServices): TemplateResult {
  const { choices, name: selected, lock } = store.state;
  const select = (name: string): void => {
    store.update(state => (state.uri === null ? {} : switchTo(state, state.uri, name)));
    const chosen = chosenIn(store.state);
    if (chosen !== null) send({ type: 'select', chosen, byUser: true });
  };
  return html`<vscode-single-select
    class="declaration"
    label="Pattern or model"
    aria-label="Pattern or model"
    title=${lock === 'pattern' ? 'This preview keeps to one pattern or model: unlock it to see others' : 'Pattern or model'}
    ?disabled=${lock === 'pattern'}
    .value=${selected ?? ''}
    @change=${(event: Event) => select((event.target as HTMLSelectElement).value)}
  >
    ${choices.map(
      ({ name, kind, problem }) =>
        html`<vscode-option value=${name} ?selected=${name === selected} ?disabled=${problem !== null} description=${problem ?? kind}>${name}</vscode-option>`,
    )}
  </vscode-single-select>`;
}

/** Lays the tiles of a kernel over the mask. */
function tiles({ store }: PageServices): TemplateResult {
  const { overlayTile } = store.state;
  const set = (value: string): void => store.update({ overlayTile: value === '' ? null : Number(value) });
  const used = wasteText(store.state);
  return html`<span class="group">
    <vscode-single-select
      class="tiles"
      label="Tiles over the mask"
      aria-label="Tiles over the mask"
      title=${`Tiles that a kernel computes: full ones framed, partial ones dashed. ${used}`}
      .value=${String(overlayTile ?? '')}
      @change=${(event: Event) => set((event.target as HTMLSelectElement).value)}
    >
      <vscode-option value="" ?selected=${overlayTile === null}>no tiles</vscode-option>
      ${WASTE_TILES.map(side => html`<vscode-option value=${String(side)} ?selected=${overlayTile === side}>${side} x ${side}</vscode-option>`)}
    </vscode-single-select>
    <span class="used">${used}</span>
  </span>`;
}

/** How much of what the tiles compute is wanted. */
function wasteText({ overlayTile, answers: { cost } }: State): string {
  if (overlayTile === null || !cost || 'problem' in cost) return '';
  const use = cost.answer.waste?.sizes.find(({ tile }) => tile.queries === overlayTile);
  return use === undefined ? '' : `${percent(1 - use.used)} wasted`;
}

function index({ store }: PageServices, name: 'layer' | 'head', size: number, value: number): TemplateResult {
  return html`<span class="group">
    <label for=${name}>${name}</label>
    <vscode-textfield
      id=${name}
      class="index"
      type="number"
      min="0"
      max=${size - 1}
      .label=${`${name === 'layer' ? 'Layer' : 'Head'}, 0 to ${size - 1}`}
      .value=${String(value)}
      @change=${(event: Event) => {
        const field = event.target as HTMLInputElement;
        const wanted = Math.round(Number(field.value));
        const isNumber = field.value.trim() !== '' && Number.isFinite(wanted);
        const now = shownOf(store.state)?.choice[name] ?? value;
        const picked = isNumber ? Math.min(size - 1, Math.max(0, wanted)) : now;
        // Also where that is the one that is shown: the field says what was typed.
        field.value = String(picked);
        store.update({ [name]: picked } satisfies Partial<State>);
      }}
    ></vscode-textfield>
  </span>`;
}

/** What is wrong, above the picture that is still there. */
export function badges(state: State): TemplateResult {
  const { stale, tokensProblem, model } = state;
  const shown = shownOf(state);
  const problem = shown?.problem ?? state.drawProblem;
  const content = contentText([shown, otherOf(state)].flatMap(each => (each?.bound ? [each.choice] : [])));
  const line = stale === null || stale.line === null ? '' : `Line ${stale.line}: `;
  const kept = model === null ? 'Nothing to show yet.' : 'Showing the last good version.';
  return html`
    ${stale === null ? nothing : html`<div class="badge" role="status"><strong>${kept}</strong><span>${line}${stale.message}</span></div>`}
    ${tokensProblem === null ? nothing : html`<div class="badge error" role="alert">${tokensProblem}</div>`}
    ${content === null ? nothing : html`<div class="badge" role="status"><strong>A sample.</strong><span>${content}</span></div>`}
    ${problem === null ? nothing : html`<div class="badge error" role="alert"><strong>No picture.</strong><span>${problem}</span></div>`}
  `;
}
