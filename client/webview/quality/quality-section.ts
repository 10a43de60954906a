import { html, nothing, type TemplateResult } from 'lit';
import type { MeasuredHead } from '../../../runtime/analyse/quality/csv.ts';
import { keptResult } from '../kept-state.ts';
import { asWritten, type MaskChoice } from '../mask-choice.ts';
import type { PageServices } from '../page-services.ts';
import { ownState, type Section, setOwnState } from '../sections/section.ts';
import { shownOf } from '../shown.ts';
import type { State } from '../state.ts';
import { setTokens } from '../tokens.ts';
import { Measurements, masksText, type Outcome, type Outcomes } from './measurements.ts';
import { modelView } from './model-view.ts';
import type { TensorQuality } from './quality-messages.ts';
import {
  chosenValue,
  pickedName,
  pickProblem,
  pickThen,
  type SubjectKind,
  subjectPicker,
  underWayBar,
} from './subject-picker.ts';
import { tensorView } from './tensor-view.ts';

const ID = 'quality';

/** What the section keeps. */
interface Kept extends Outcomes {
  /** What a pattern is measured on. */
  readonly on: SubjectKind;
  readonly sequences: number;
  readonly byLayer: boolean;
  /** Are later keys taken out of the masks? */
  readonly causal: boolean;
}

const INITIAL: Kept = { on: 'tensors', sequences: 2, byLayer: false, causal: false, tensors: null, model: null };
/** What the mask loses: on tensors that the user picks, or in a language model. */
export function qualitySection(page: PageServices): Section {
  const { store } = page;
  const kept = ownState(store.state, ID, INITIAL);
  const measurements = new Measurements(page.computeScript, { tensors: kept.tensors, model: kept.model }, () => {
    const { tensors, model } = measurements.outcomes;
    setOwnState<Kept>(page, ID, { tensors: keptResult(tensors), model: keptResult(model) });
  });
  const start = (): void => measure(page, measurements);
  // What the user has picked is measured at once, if this section asked for it.
  const pick = pickThen(page, start);
  return {
    id: ID,
    title: 'Quality',
    content: state => view(page, state, measurements, { start, pick }),
  };
}

interface Actions {
  start(): void;
  pick(on: SubjectKind): void;
}

function view(page: PageServices, state: State, measurements: Measurements, actions: Actions): TemplateResult {
  const own = ownState(state, ID, INITIAL);
  const set = (fields: Partial<Kept>): void => setOwnState<Kept>(page, ID, fields);
  const { underWay, failure, outcomes } = measurements;
  const onTensors = own.on === 'tensors';
  const picked = pickedName(state, own.on);
  const problem = pickProblem(state, own.on);
  const canStart = shownOf(state) !== null && state.stale === null;
  const outcome = outcomes[own.on];
  const choice = shownOf(state)?.choice;
  return html`
    <div class="actions">
      ${
        underWay !== null
          ? underWayBar(underWay, 'Progress of the measurement', () => measurements.cancel())
          : html`${subjectPicker(state, own.on, 'What the pattern is measured on', {
              choose: on => set({ on }),
              pick: () => actions.pick(own.on),
            })}
              ${picked === undefined ? nothing : html`<vscode-button ?disabled=${!canStart} @click=${actions.start}>Measure</vscode-button>`}
              ${onTensors ? nothing : modelSettings(own, set)}
              <vscode-checkbox
                label="Causal"
                title="Take later keys out of the pattern"
                ?checked=${own.causal}
                @change=${(event: Event) => set({ causal: (event.target as HTMLInputElement).checked })}
              ></vscode-checkbox>`
      }
    </div>
    <div role="status" aria-live="polite">
      ${failure === null ? nothing : html`<p class="failure">${failure}</p>`}
      ${problem === null ? nothing : html`<p class="failure">${problem}</p>`}
    </div>
    ${
      outcome === null
        ? html`<p class="muted">${
            onTensors
              ? 'What the pattern keeps of the probability of full attention, on your queries, keys and values (.safetensors, .npz, .npy).'
              : 'What the pattern costs in bits per byte in place of the attention of a small language model.'
          }</p>`
        : html`${outcomeHead(outcome, choice)}
            ${own.on === 'tensors' && outcomes.tensors !== null ? tensors(page, state, outcomes.tensors.result) : nothing}
            ${own.on === 'model' && outcomes.model !== null ? modelView(outcomes.model.result, state.palette) : nothing}`
    }
  `;
}

function modelSettings(own: Kept, set: (fields: Partial<Kept>) => void): TemplateResult {
  return html`<vscode-single-select
      class="sequences"
      label="Sequences of the text"
      title="Sequences of the text"
      .value=${String(own.sequences)}
      @change=${(event: Event) => set({ sequences: Number(chosenValue(event)) })}
    >
      ${[1, 2, 4, 8, 16].map(
        count =>
          html`<vscode-option value=${String(count)} ?selected=${own.sequences === count}>${count} ${count === 1 ? 'sequence' : 'sequences'}</vscode-option>`,
      )}
    </vscode-single-select>
    <vscode-checkbox
      label="By layer"
      title="Also the pattern in one layer at a time"
      ?checked=${own.byLayer}
      @change=${(event: Event) => set({ byLayer: (event.target as HTMLInputElement).checked })}
    ></vscode-checkbox>`;
}

/** Of which declaration the outcome is, and whether it is still that. */
function outcomeHead({ name, masks }: Outcome<unknown>, choice: MaskChoice | undefined): TemplateResult {
  const same = choice !== undefined && masksText(choice) === masks;
  return html`<p class=${same ? 'muted' : 'note'}>${name}${same ? '' : ', as it was when it was measured'}</p>`;
}

function tensors(page: PageServices, state: State, result: TensorQuality): TemplateResult {
  const { store } = page;
  return tensorView(result, state, {
    show: ({ layer, head }: MeasuredHead) => showHead(page, layer, head),
    copy: text => page.send({ type: 'copy', text }),
    // The whole mask comes into sight, with the cell of the row and its own key marked.
    goTo: ({ layer, head }: MeasuredHead, row: number) => {
      if (shownOf(store.state)?.choice.tokens !== result.tokens) setTokens(page, String(result.tokens));
      showHead(page, layer, head);
      store.update({ cell: { row, column: result.tokens - result.queries + row }, camera: null });
    },
  });
}

/** A pattern without a model has one layer and head in the picture, which is that of all. */
function showHead({ store }: PageServices, layer: number, head: number): void {
  const { model } = store.state;
  store.update({
    layer: Math.min(layer, (model?.layers ?? 1) - 1),
    head: Math.min(head, (model?.heads ?? 1) - 1),
    sections: {
      ...store.state.sections,
      [ID]: { ...(store.state.sections[ID] as object | undefined), layer, head },
    },
  });
}

function measure({ store }: PageServices, measurements: Measurements): void {
  const { state } = store;
  const shown = shownOf(state)?.choice;
  if (shown === undefined) return;
  const choice = asWritten(shown);
  const { on, sequences, byLayer, causal } = ownState(state, ID, INITIAL);
  const { tensors: file, languageModel: files } = state;
  if (on === 'tensors') {
    if (file !== null) void measurements.start({ kind: 'tensors', choice, file, causal });
  } else if (files !== null) void measurements.start({ kind: 'model', choice, files, sequences, byLayer, causal });
}
