import { html, nothing, type TemplateResult } from 'lit';
import type { Adjustable } from '../../../server/protocol.ts';
import type { PageServices } from '../page-services.ts';
import type { Section } from '../sections/section.ts';
import { shownOf } from '../shown.ts';
import type { State } from '../state.ts';
import { adjusted, boundsOf, typedList, typedNumber, type Value, writtenValue } from './adjust.ts';

/**
 * The numbers, switches and lists that the declaration writes, to be tried out without touching the file, and to be written
 * into it when they please.
 */
export function parametersSection(page: PageServices): Section {
  const { store, send } = page;
  let asked = store.state.adjustments;
  let waiting = false;
  store.subscribe(({ adjustments }) => {
    if (adjustments === asked || waiting) return;
    waiting = true;
    // A slider that is drawn moves more often than pictures can be drawn.
    requestAnimationFrame(() => {
      waiting = false;
      if (store.state.adjustments === asked) return;
      asked = store.state.adjustments;
      send({ type: 'adjust', adjustments: asked });
    });
  });
  return {
    id: 'parameters',
    title: 'Parameters',
    content: state => {
      if (state.adjustables.length === 0) return null;
      const tokens = shownOf(state)?.choice.tokens ?? state.defaultTokens;
      return html`<div class="adjustables">${state.adjustables.map(each => control(page, state, each, tokens))}</div>
        ${actions(page, state)}`;
    },
  };
}

function actions({ store, send }: PageServices, { adjustments }: State): TemplateResult | typeof nothing {
  if (Object.keys(adjustments).length === 0) return nothing;
  return html`<div class="actions">
    <vscode-button title="Write these values into the source; Undo brings the old ones back" @click=${() => send({ type: 'apply', adjustments: store.state.adjustments })}
      >Apply</vscode-button
    >
    <vscode-button secondary title="Show what the source says" @click=${() => store.update({ adjustments: {}, adjustProblem: null })}>Reset</vscode-button>
  </div>`;
}

function control(page: PageServices, state: State, adjustable: Adjustable, tokens: number): TemplateResult {
  const { id, name, of, unit, documentation } = adjustable;
  const problem = state.adjustProblem?.id === id ? state.adjustProblem.message : null;
  const isChanged = Object.hasOwn(state.adjustments, id);
  const about = [of, documentation].filter(part => part !== null).join(': ');
  return html`<div class="adjustable ${isChanged ? 'changed' : ''}">
    <span class="name" title=${about}><code>${name}</code>${of === null ? nothing : html` <span class="muted">${of}</span>`}</span>
    ${input(page, state, adjustable, tokens, `${name}${of === null ? '' : ` of ${of}`}${unit === null ? '' : `, ${unit}`}`)}
    ${problem === null ? nothing : html`<span class="problem" role="alert">${problem}</span>`}
  </div>`;
}

function input(
  page: PageServices,
  state: State,
  adjustable: Adjustable,
  tokens: number,
  label: string,
): TemplateResult {
  const { store } = page;
  const { id, kind } = adjustable;
  const written = writtenValue(adjustable, tokens);
  const value = state.adjustments[id] ?? written;
  const set = (next: Value): void =>
    store.update(state =>
      // The values of what was shown before are of no use for what comes.
      state.next === null ? { adjustments: adjusted(state.adjustments, adjustable, next), adjustProblem: null } : {},
    );
  const type = (field: HTMLInputElement): void => {
    const typed = kind === 'list' ? typedList(field.value) : typedNumber(field.value, adjustable);
    if ('problem' in typed) store.update({ adjustProblem: { id, message: typed.problem } });
    else set(typed.value);
  };
  const field = html`<vscode-textfield
    .label=${label}
    .value=${String(value ?? '')}
    ?invalid=${state.adjustProblem?.id === id}
    @change=${(event: Event) => type(event.target as HTMLInputElement)}
  ></vscode-textfield>`;
  if (kind === 'bool')
    return html`<vscode-checkbox
      .label=${'on'}
      aria-label=${label}
      ?checked=${value === true}
      @change=${(event: Event) => set((event.target as HTMLInputElement).checked)}
    ></vscode-checkbox>`;
  if (kind === 'list' || typeof value !== 'number') return html`<span class="wide">${field}</span>`;
  const { min, max, step } = boundsOf(adjustable, typeof written === 'number' ? written : value, tokens);
  return html`<input
      type="range"
      aria-label=${label}
      .min=${String(min)}
      .max=${String(Math.max(max, value))}
      .step=${String(step)}
      .value=${String(value)}
      @input=${(event: Event) => set(Number((event.target as HTMLInputElement).value))}
    />${field}`;
}
