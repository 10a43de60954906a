import { html, type TemplateResult } from 'lit';
import type { PageServices } from '../page-services.ts';
import type { State } from '../state.ts';
import type { UnderWay } from '../worker-task.ts';

/** What a pattern is measured on, or looked for: tensors of a file, or a language model. */
export type SubjectKind = 'tensors' | 'model';

/** Name of what the user picked of a kind, if anything. */
export function pickedName(state: State, kind: SubjectKind): string | undefined {
  return kind === 'tensors' ? state.tensors?.name : state.languageModel?.name;
}

/** Why what was picked last cannot be had, or null. */
export function pickProblem(state: State, kind: SubjectKind): string | null {
  return kind === 'tensors' ? state.tensorsProblem : state.languageModelProblem;
}

/** Which kind, and a button that picks one. */
export function subjectPicker(
  state: State,
  kind: SubjectKind,
  label: string,
  actions: { choose(kind: SubjectKind): void; pick(): void },
): TemplateResult {
  const onTensors = kind === 'tensors';
  return html`<vscode-single-select
      class="on"
      label=${label}
      .value=${kind}
      @change=${(event: Event) => actions.choose(chosenValue(event) === 'model' ? 'model' : 'tensors')}
    >
      <vscode-option value="tensors" ?selected=${onTensors}>Tensors</vscode-option>
      <vscode-option value="model" ?selected=${!onTensors}>Language model</vscode-option>
    </vscode-single-select>
    <vscode-button secondary title=${onTensors ? 'A file with queries, keys and values' : 'A folder with config.json, model.safetensors and heldout.txt'}
      @click=${() => actions.pick()}>${pickedName(state, kind) ?? 'Pick'}...</vscode-button>`;
}

/** What stands there while something is under way. */
export function underWayBar({ share, doing }: UnderWay, label: string, cancel: () => void): TemplateResult {
  return html`<vscode-button secondary @click=${cancel}>Cancel</vscode-button>
    <progress max="1" .value=${share} aria-label=${label}></progress>
    <span>${doing}, ${Math.round(share * 100)} %</span>`;
}

/** Who asked last for something to be picked, on each page: nobody else goes on with it. */
const asked = new WeakMap<PageServices['store'], object>();

/**
 * Asks the user to pick, and goes on when that is there.
 *
 * @param then called once for every pick that this asked for
 * @returns asks
 */
export function pickThen({ store, send }: PageServices, then: () => void): (kind: SubjectKind) => void {
  const self = {};
  let waiting: SubjectKind | null = null;
  store.subscribe((state, before) => {
    if (waiting === null || asked.get(store) !== self) return;
    const [now, earlier] =
      waiting === 'tensors' ? [state.tensors, before.tensors] : [state.languageModel, before.languageModel];
    if (now === earlier) {
      // The dialog was closed: what comes later was picked or read for another reason.
      if (state.picksEnded !== before.picksEnded) waiting = null;
      return;
    }
    waiting = null;
    if (now !== null) then();
  });
  return kind => {
    waiting = kind;
    asked.set(store, self);
    send({ type: kind === 'tensors' ? 'pickTensors' : 'pickLanguageModel' });
  };
}

export function chosenValue(event: Event): string {
  return (event.target as HTMLSelectElement).value;
}
