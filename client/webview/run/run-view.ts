import { html, nothing, type TemplateResult } from 'lit';
import { count, mean, milliseconds } from '../format.ts';
import type { RunOn, RunSummary } from './run-attention.ts';

/** What a run is doing or has found. */
export interface RunView {
  /** Share of the work that is done, or null when nothing runs. */
  readonly progress: number | null;
  readonly failure: string | null;
  readonly runs: readonly RunSummary[];
  readonly canRun: boolean;
  /** Heads of the layer. */
  readonly heads: number;
  readonly allHeads: boolean;
  readonly runOn: RunOn;
}

export interface RunActions {
  run(): void;
  cancel(): void;
  setAllHeads(all: boolean): void;
  setRunOn(runOn: RunOn): void;
}

export function runView(view: RunView, actions: RunActions): TemplateResult {
  const [latest] = view.runs;
  const running = view.progress !== null;
  return html`
    <div class="actions">
      ${
        running
          ? html`<vscode-button secondary @click=${actions.cancel}>Cancel</vscode-button>
              <progress max="1" .value=${view.progress ?? 0} aria-label="Progress of the run"></progress>
              <span>${Math.round((view.progress ?? 0) * 100)} %</span>`
          : html`<vscode-button ?disabled=${!view.canRun} title="Run attention over this mask on sample data" @click=${actions.run}
                >Run</vscode-button
              >
              <vscode-single-select
                class="backend"
                label="Where attention runs"
                title="WebGPU, or the CPU where there is no adapter; or the CPU in any case"
                .value=${view.runOn}
                @change=${(event: Event) => actions.setRunOn((event.target as HTMLSelectElement).value === 'cpu' ? 'cpu' : 'gpu')}
              >
                <vscode-option value="gpu" ?selected=${view.runOn === 'gpu'}>WebGPU</vscode-option>
                <vscode-option value="cpu" ?selected=${view.runOn === 'cpu'}>CPU</vscode-option>
              </vscode-single-select>
              ${
                view.heads > 1
                  ? html`<vscode-checkbox
                      label=${`All ${view.heads} heads`}
                      ?checked=${view.allHeads}
                      @change=${(event: Event) => actions.setAllHeads((event.target as HTMLInputElement).checked)}
                    ></vscode-checkbox>`
                  : nothing
              }`
      }
    </div>
    <div role="status" aria-live="polite">
      ${view.failure === null ? nothing : html`<p class="failure">${view.failure}</p>`}
      ${latest === undefined || running ? nothing : outcome(latest)}
    </div>
  `;
}

function outcome(run: RunSummary): TemplateResult {
  const difference = run.largestDifference.toExponential(1);
  const checked =
    run.checkedRows < run.rows ? `${count(run.checkedRows)} of ${count(run.rows)} rows checked` : 'all rows checked';
  return html`
    ${run.speedUp === null ? nothing : html`<div class="headline">${mean(run.speedUp)}x <span class="muted">against full attention</span></div>`}
    <dl class="numbers">
      <dt>Backend</dt><dd>${run.backend.toUpperCase()}</dd>
      <dt>Device</dt><dd>${run.device}</dd>
      <dt>Shape</dt><dd>${run.name}, n = ${count(run.tokens)}, ${run.heads} x ${run.headDim}</dd>
      <dt>Sparse</dt><dd>${milliseconds(run.sparseMs)}</dd>
      <dt>Full</dt><dd>${run.fullMs === null ? `not run, about ${milliseconds(run.predictedFullMs)}` : milliseconds(run.fullMs)}</dd>
      <dt title="Against float64, over the output">Largest difference</dt><dd title=${checked}>${difference}</dd>
      <dt></dt><dd class="muted">${checked}</dd>
    </dl>
    ${run.notes.map(note => html`<p class="note">${note}</p>`)}
  `;
}
