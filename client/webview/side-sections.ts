import { html, nothing, svg, type TemplateResult } from 'lit';
import { ratio, times } from '../../runtime/compile/count.ts';
import { partColour } from '../../runtime/draw/palette.ts';
import type { Span } from '../../runtime/pattern/ir.ts';
import type { Counted, Estimated, Measurement } from './drawing-messages.ts';
import { count, mean, milliseconds, percent } from './format.ts';
import type { RunOn, RunSummary } from './run.ts';

/** The primitives of the mask with their colours and shares; a click shows where each is written. */
export function legend(measured: Counted, reveal: (span: Span) => void): TemplateResult {
  const { parts, statistics } = measured;
  const all = times(statistics.queries, statistics.tokens);
  return html`<section aria-label="Legend">
    <h2>Legend</h2>
    <ul class="legend">
      ${parts.map(
        (part, index) => html`<li>
          <button
            type="button"
            title=${part.span === undefined ? part.label : `${part.label}: show in the editor`}
            @click=${() => part.span !== undefined && reveal(part.span)}
          >
            ${swatch(index)}<code>${part.label}</code><span class="share">${percent(ratio(part.pairs, all))}</span>
          </button>
        </li>`,
      )}
    </ul>
    ${parts.length === 0 ? html`<p class="muted">This pattern lights no cell.</p>` : nothing}
  </section>`;
}

function swatch(index: number): TemplateResult {
  const [red, green, blue] = partColour(index);
  const colour = `rgb(${red} ${green} ${blue})`;
  return html`<svg width="14" height="14" aria-hidden="true">${svg`<rect width="14" height="14" fill=${colour}></rect>`}</svg>`;
}

function row(name: string, value: string, title = ''): TemplateResult {
  return html`<dt title=${title}>${name}</dt><dd>${value}</dd>`;
}

/** The numbers of the mask: exact, or estimated with a bound. */
export function numbers(measured: Measurement): TemplateResult {
  return 'estimate' in measured ? estimatedNumbers(measured) : countedNumbers(measured);
}

function estimatedNumbers({ estimate, tokens, queries, complexity }: Estimated): TemplateResult {
  const why =
    'Estimated from a sample, because the condition repeats nowhere; the bound holds but for one case in a million';
  return html`<section aria-label="Numbers">
    <h2>Numbers</h2>
    <dl class="numbers">
      ${row('n', count(tokens), 'Keys of the sequence')}
      ${queries === tokens ? nothing : row('Queries', count(queries))}
      ${row('Pairs', `≈ ${count(estimate.pairs)} ± ${count(estimate.error)}`, why)}
      ${row('Density', `≈ ${percent(ratio(estimate.pairs, times(queries, tokens)))}`, 'Share of all pairs')}
      ${row('Complexity', complexity)}
    </dl>
  </section>`;
}

function countedNumbers({ statistics }: Counted): TemplateResult {
  const { keysPerQuery, tiles } = statistics;
  return html`<section aria-label="Numbers">
    <h2>Numbers</h2>
    <dl class="numbers">
      ${row('n', count(statistics.tokens), 'Keys of the sequence')}
      ${statistics.queries === statistics.tokens ? nothing : row('Queries', count(statistics.queries))}
      ${row('Pairs', count(statistics.pairs), 'Query-key pairs that attend, counted exactly')}
      ${row('Density', percent(statistics.density), 'Share of all pairs')}
      ${row('Complexity', statistics.complexity)}
      ${row('Keys per query', `${count(keysPerQuery.min)} / ${mean(keysPerQuery.mean)} / ${count(keysPerQuery.max)}`, 'Fewest, mean, most')}
      ${row('Range', `${count(statistics.range.back)} back, ${count(statistics.range.ahead)} ahead`, 'Farthest key that a query attends to')}
      ${statistics.emptyQueries === 0 ? nothing : row('Queries without keys', count(statistics.emptyQueries))}
      ${row(`Tiles ${tiles.size} x ${tiles.size}`, `${count(tiles.full)} full, ${count(tiles.partial)} partial`, `${count(tiles.empty)} empty tiles are skipped`)}
    </dl>
  </section>`;
}

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

export function runSection(view: RunView, actions: RunActions): TemplateResult {
  const [latest] = view.runs;
  const running = view.progress !== null;
  return html`<section class="run" aria-label="Attention">
    <h2>Attention</h2>
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
  </section>`;
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
