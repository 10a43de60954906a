import { html, nothing, type TemplateResult } from 'lit';
import { percent } from '../format.ts';
import { chosenValue, pickProblem, type SubjectKind, subjectPicker, underWayBar } from '../quality/subject-picker.ts';
import type { State } from '../state.ts';
import type { UnderWay } from '../worker-task.ts';
import { limitText, type SuggestChoice, typedLimit } from './suggest-choice.ts';
import type { Suggested } from './suggest-messages.ts';

/** What the fields show. */
export interface SuggestFields {
  readonly state: State;
  readonly choice: SuggestChoice;
  readonly underWay: UnderWay | null;
  readonly failure: string | null;
  /** What was just found, for those who do not see it. */
  readonly told: Suggested | null;
}

export interface SuggestFieldActions {
  set(fields: Partial<SuggestChoice>): void;
  start(): void;
  cancel(): void;
  pick(on: SubjectKind): void;
}

/** What a pattern is looked for and what it may have, how the search goes, and what came out. */
export function suggestFields(
  { state, choice, underWay, failure, told }: SuggestFields,
  actions: SuggestFieldActions,
  outcome: TemplateResult,
): TemplateResult {
  const problem = pickProblem(state, choice.on);
  return html`
    <div class="actions">
      ${
        underWay !== null
          ? underWayBar(underWay, 'Progress of the search', actions.cancel)
          : html`${subjectPicker(state, choice.on, 'What a pattern is suggested for', {
              choose: on => actions.set({ on }),
              pick: () => actions.pick(choice.on),
            })}
            ${limit(choice, actions)} ${kinds(choice, actions)}
            <vscode-button @click=${actions.start}>Start</vscode-button>`
      }
    </div>
    <div role="status" aria-live="polite">
      ${failure === null ? nothing : html`<p class="failure">${failure}</p>`}
      ${problem === null ? nothing : html`<p class="failure">${problem}</p>`}
      ${told === null ? nothing : html`<p class="visually-hidden">${sentence(told)}</p>`}
    </div>
    ${outcome}
  `;
}

function sentence({ suggestion: { expression, family, recall } }: Suggested): string {
  return `Suggested: ${expression ?? family}, which keeps ${percent(recall)}.`;
}

function limit(choice: SuggestChoice, { set }: SuggestFieldActions): TemplateResult {
  const onDensity = choice.limit === 'density';
  const changed = (event: Event): void => {
    const field = event.target as HTMLInputElement;
    const typed = typedLimit(choice.limit, field.value);
    if (typed === undefined) field.value = limitText(choice);
    else set(typed);
  };
  return html`<span class="limit">
    <span aria-hidden="true">at most</span>
    <vscode-textfield
      id="suggest-limit"
      .label=${onDensity ? 'Pairs at most, in percent of all' : 'Milliseconds of attention at most, in all layers'}
      .value=${limitText(choice)}
      @change=${changed}
    ></vscode-textfield>
    <vscode-single-select
      class="unit"
      label="What limits the pattern"
      .value=${choice.limit}
      @change=${(event: Event) => set({ limit: chosenValue(event) === 'ms' ? 'ms' : 'density' })}
    >
      <vscode-option value="density" ?selected=${onDensity}>% of pairs</vscode-option>
      <vscode-option value="ms" ?selected=${!onDensity}>ms</vscode-option>
    </vscode-single-select>
  </span>`;
}

function kinds({ perHead, dynamic }: SuggestChoice, { set }: SuggestFieldActions): TemplateResult {
  const isChecked = (event: Event): boolean => (event.target as HTMLInputElement).checked;
  return html`<vscode-checkbox
      label="Per head"
      title="Also patterns of their own for heads"
      ?checked=${perHead}
      @change=${(event: Event) => set({ perHead: isChecked(event) })}
    ></vscode-checkbox>
    <vscode-checkbox
      label="By content"
      title="Also patterns that choose keys by content"
      ?checked=${dynamic}
      @change=${(event: Event) => set({ dynamic: isChecked(event) })}
    ></vscode-checkbox>`;
}
