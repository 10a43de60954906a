import { html, nothing, type TemplateResult } from 'lit';
import { count, mean, milliseconds } from '../format.ts';
import type { RunSettings, RunSummary } from './run-attention.ts';
import { type RunsTableActions, runsTable } from './runs-table.ts';

/** What a run is doing or has found. */
export interface RunView extends RunSettings {
  /** Share of the work that is done, or null when nothing runs. */
  readonly progress: number | null;
  /** Milliseconds that the run still takes; null when it is too early to tell. */
  readonly leftMs: number | null;
  readonly failure: string | null;
  readonly runs: readonly RunSummary[];
  readonly canRun: boolean;
  /** Heads of the layer. */
  readonly heads: number;
}

export interface RunActions extends RunsTableActions {
  run(): void;
  cancel(): void;
  set(settings: Partial<RunSettings>): void;
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
              <span>${Math.round((view.progress ?? 0) * 100)} %${view.leftMs === null ? nothing : `, ${milliseconds(Math.ceil(view.leftMs / 1000) * 1000)} left`}</span>`
          : html`<vscode-button ?disabled=${!view.canRun} title="Run attention over this mask on sample data" @click=${actions.run}
                >Run</vscode-button
              >
              <vscode-single-select
                class="backend"
                label="Where attention runs"
                title="WebGPU, or the CPU where there is no adapter; or the CPU in any case"
                .value=${view.runOn}
                @change=${(event: Event) => actions.set({ runOn: picked(event) === 'cpu' ? 'cpu' : 'gpu' })}
              >
                <vscode-option value="gpu" ?selected=${view.runOn === 'gpu'}>WebGPU</vscode-option>
                <vscode-option value="cpu" ?selected=${view.runOn === 'cpu'}>CPU</vscode-option>
              </vscode-single-select>
              <vscode-single-select
                class="dtype"
                label="Numbers of the tensors"
                title="float32; or float16 where the device is faster with it: tensors are rounded, sums stay float32"
                .value=${view.dtype}
                @change=${(event: Event) => actions.set({ dtype: picked(event) === 'f16' ? 'f16' : 'f32' })}
              >
                <vscode-option value="f32" ?selected=${view.dtype === 'f32'}>f32</vscode-option>
                <vscode-option value="f16" ?selected=${view.dtype === 'f16'}>f16</vscode-option>
              </vscode-single-select>
              <vscode-single-select
                class="width"
                label="Width of a head"
                title="Width of a head"
                .value=${String(view.headDim ?? '')}
                @change=${(event: Event) => actions.set({ headDim: Number(picked(event)) || null })}
              >
                <vscode-option value="" ?selected=${view.headDim === null}>own width</vscode-option>
                ${HEAD_DIMS.map(
                  width =>
                    html`<vscode-option value=${String(width)} ?selected=${view.headDim === width}>width ${width}</vscode-option>`,
                )}
              </vscode-single-select>
              ${
                view.heads > 1
                  ? html`<vscode-checkbox
                      label=${`All ${view.heads} heads`}
                      ?checked=${view.allHeads}
                      @change=${(event: Event) => actions.set({ allHeads: (event.target as HTMLInputElement).checked })}
                    ></vscode-checkbox>`
                  : nothing
              }`
      }
    </div>
    <div role="status" aria-live="polite">
      ${view.failure === null ? nothing : html`<p class="failure">${view.failure}</p>`}
      ${latest === undefined || running ? nothing : outcome(latest)}
    </div>
    ${runsTable(view.runs, actions)}
  `;
}

/** Widths of a head that can be picked. */
const HEAD_DIMS = [16, 32, 64, 128];

function picked(event: Event): string {
  return (event.target as HTMLSelectElement).value;
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
      <dt>Shape</dt><dd>${run.name}, n = ${count(run.tokens)}, ${run.heads} x ${run.headDim}, ${run.dtype}</dd>
      <dt>Sparse</dt><dd>${milliseconds(run.sparseMs)}</dd>
      <dt>Full</dt><dd>${run.fullMs === null ? `not tried: it would take about ${milliseconds(run.predictedFullMs)}` : milliseconds(run.fullMs)}</dd>
      <dt title="Against float64, over the output">Largest difference</dt><dd title=${checked}>${difference}</dd>
      <dt></dt><dd class="muted">${checked}</dd>
    </dl>
    ${run.notes.map(note => html`<p class="note">${note}</p>`)}
  `;
}
