import { html, nothing, type TemplateResult } from 'lit';
import type { RunStep } from '../../run/run-request.ts';
import { count, mean, milliseconds } from '../format.ts';
import { type RunFieldActions, type RunFields, runFields } from './run-fields.ts';
import type { RunSummary } from './run-summary.ts';
import type { UnderWay } from './runs.ts';
import { type RunsTableActions, runsTable } from './runs-table.ts';

/** What a run is doing or has found. */
export interface RunView extends RunFields {
  readonly underWay: UnderWay | null;
  /** Why what was asked for last did not happen, or what is wrong with the fields. */
  readonly notice: string | null;
  /** How it ended. */
  readonly remark: string | null;
  readonly runs: readonly RunSummary[];
  /** The latest of them that is one of what is shown. */
  readonly latest: RunSummary | undefined;
  readonly canRun: boolean;
}

export interface RunActions extends RunsTableActions, RunFieldActions {
  run(): void;
  sweep(): void;
  cancel(): void;
}

const STAGES: Readonly<Record<RunStep['stage'], string>> = {
  start: 'Starting',
  compile: 'Compiling the mask',
  data: 'Making the data',
  select: 'Choosing keys',
  sparse: 'Sparse attention',
  check: 'Checking rows',
  full: 'Full attention',
};

/** Longest sweeps that can be picked; seconds. */
const SWEEPS = [10, 30, 120, 600];

export function runView(view: RunView, actions: RunActions): TemplateResult {
  const { latest } = view;
  return html`
    ${view.underWay === null ? html`${buttons(view, actions)}${runFields(view, actions)}` : progress(view.underWay, actions)}
    <div role="status" aria-live="polite">
      ${view.notice === null ? nothing : html`<p class="failure">${view.notice}</p>`}
      ${view.remark === null ? nothing : html`<p class="note">${view.remark}</p>`}
      ${latest === undefined || view.underWay !== null ? nothing : outcome(latest)}
    </div>
    ${runsTable(view.runs, actions)}
  `;
}

function buttons({ canRun, settings }: RunView, actions: RunActions): TemplateResult {
  const fromFile = settings.data === 'tensors';
  return html`<div class="actions">
    <vscode-button ?disabled=${!canRun} title="Run attention over this mask" @click=${actions.run}>Run</vscode-button>
    <vscode-button
      secondary
      class="sweep"
      ?disabled=${!canRun || fromFile}
      title=${fromFile ? 'Tensors of a file have one length' : 'Run n = 1Ki, 2Ki, 4Ki, ... as far as the time goes, and chart the times'}
      @click=${actions.sweep}
      >Sweep n</vscode-button
    >
    <vscode-single-select
      class="sweep-time"
      label="Longest that a sweep takes"
      aria-label="Longest that a sweep takes"
      title="Longest that a sweep takes"
      .value=${String(settings.sweepSeconds)}
      @change=${(event: Event) => actions.set({ sweepSeconds: Number((event.target as HTMLSelectElement).value) || 30 })}
    >
      ${SWEEPS.map(
        seconds =>
          html`<vscode-option value=${String(seconds)} ?selected=${seconds === settings.sweepSeconds}>${seconds < 60 ? `${seconds} s` : `${seconds / 60} min`}</vscode-option>`,
      )}
    </vscode-single-select>
  </div>`;
}

/** How far it is. Before there is anything to go by the bar only shows that something goes on. */
function progress({ name, tokens, step, sweepLeftMs }: UnderWay, { cancel }: RunActions): TemplateResult {
  const { stage, done, leftMs } = step;
  const known = done > 0;
  const bar = known
    ? html`<progress max="1" .value=${done} aria-label="Progress of the run"></progress>`
    : html`<progress aria-label="Progress of the run"></progress>`;
  const left = leftMs === null ? nothing : html`, ${seconds(leftMs)} left`;
  return html`<div class="actions">
    <vscode-button secondary @click=${cancel}>Cancel</vscode-button>
    ${bar}
    <span class="step">${STAGES[stage]}: ${name}, n = ${count(tokens)}${known ? `, ${Math.round(done * 100)} %` : ''}${left}${
      sweepLeftMs === null ? nothing : html`; the sweep ends within ${seconds(sweepLeftMs)}`
    }</span>
  </div>`;
}

function seconds(ms: number): string {
  return milliseconds(Math.ceil(ms / 1000) * 1000);
}

function outcome(run: RunSummary): TemplateResult {
  const difference = run.largestDifference.toExponential(1);
  const checked =
    run.checkedRows < run.rows ? `${count(run.checkedRows)} of ${count(run.rows)} rows checked` : 'all rows checked';
  const heads = run.kvHeads === run.heads ? count(run.heads) : `${count(run.heads)} (${count(run.kvHeads)} kv)`;
  return html`
    ${run.speedUp === null ? nothing : html`<div class="headline">${mean(run.speedUp)}x <span class="muted">against full attention</span></div>`}
    <dl class="numbers">
      <dt>Backend</dt><dd>${run.backend.toUpperCase()}${run.inHost ? ' of the extension host' : ''}</dd>
      <dt>Device</dt><dd>${run.device}</dd>
      <dt>Shape</dt><dd>${run.name}, n = ${count(run.tokens)}, ${heads} x ${run.headDim}, ${run.dtype}</dd>
      <dt>Data</dt><dd>${run.data}</dd>
      ${run.selectMs === null ? nothing : html`<dt>Selection</dt><dd>${milliseconds(run.selectMs)}</dd>`}
      <dt>Sparse</dt><dd>${milliseconds(run.sparseMs)}</dd>
      <dt>Full</dt><dd>${run.fullMs === null ? `not tried: it would take about ${milliseconds(run.predictedFullMs)}` : milliseconds(run.fullMs)}</dd>
      <dt title="Against float64, over the output">Largest difference</dt><dd title=${checked}>${difference}</dd>
      <dt></dt><dd class="muted">${checked}</dd>
    </dl>
    ${run.notes.map(note => html`<p class="note">${note}</p>`)}
  `;
}
