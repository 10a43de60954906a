import { html, nothing, type TemplateResult } from 'lit';
import type { Chart } from '../../../runtime/draw/chart.ts';
import { frontierChart } from '../../../runtime/draw/frontier-chart.ts';
import type { OpaquePalette } from '../../../runtime/draw/palette.ts';
import { figure } from '../charts/figure.ts';
import { count, mean, milliseconds, percent } from '../format.ts';
import { line } from '../sections/section.ts';
import type { Prediction, Suggested } from './suggest-messages.ts';

/** What can be done with a suggestion; `text` is a `.sparse` file. */
export interface SuggestionActions {
  insert(text: string): void;
  copy(text: string): void;
  open(text: string): void;
  saveChart(): void;
}

/** What was found: the pattern, what it keeps beside others, and why it was chosen. */
export function suggestView(
  found: Suggested | null,
  palette: OpaquePalette,
  actions: SuggestionActions,
): TemplateResult {
  if (found === null)
    return html`<p class="muted">The pattern that keeps most of full attention with a number of pairs, or in a time, on your queries, keys and values or in a small language model.</p>`;
  const { suggestion, subject, prediction, notes } = found;
  const { recall, density, budget, baseline, text, reasons, oracle, ms, device } = suggestion;
  const other = otherOf(found);
  return html`
    <div class="headline">${percent(recall)} <span class="muted">of ${baseline} attention kept</span></div>
    <p class="muted">${subject}, on ${device}</p>
    <pre class="text" tabindex="0" role="region" aria-label="The pattern that is suggested">${declarationOf(text)}</pre>
    <div class="actions">
      <vscode-button @click=${() => actions.insert(text)}>Insert into the File</vscode-button>
      <vscode-button secondary @click=${() => actions.copy(text)}>Copy</vscode-button>
      <vscode-button secondary @click=${() => actions.open(text)}>Open as New File</vscode-button>
    </div>
    <dl class="numbers">
      ${other === null ? nothing : line(other.title, percent(other.recall), other.expression)}
      ${line('Oracle', percent(oracle), 'any mask of that density', 'The most probable pairs of all heads together')}
      ${line('Density', percent(density), ms === null ? `of ${percent(budget)} allowed` : '')}
      ${ms === null ? nothing : line('Attention', milliseconds(ms), 'in all layers, here')}
      ${prediction === null ? nothing : predictionLines(prediction)}
    </dl>
    <h3>Why</h3>
    <ul class="reasons">${reasons.map(reason => html`<li>${reason}</li>`)}</ul>
    ${figure(chartOf(found), palette)}
    <vscode-button secondary @click=${() => actions.saveChart()}>Save Chart...</vscode-button>
    ${notes.map(note => html`<p class="note">${note}</p>`)}
  `;
}

/** The best of another kind that is one pattern for all heads. */
function otherOf({ suggestion: { expression, alternatives } }: Suggested) {
  const best = alternatives.find(other => other.expression !== null);
  if (best === undefined) return null;
  const title = expression === null ? 'Best single pattern' : 'Next single pattern';
  return { title, recall: best.recall, expression: best.expression ?? '' };
}

function predictionLines({
  full,
  suggested,
  tokens,
  sequences,
  searchedToo,
  attentionSpeedUp,
}: Prediction): TemplateResult {
  const difference = suggested - full;
  const text = `${count(sequences)} ${sequences === 1 ? 'sequence' : 'sequences'} of ${count(tokens)} bytes${searchedToo ? ', the one that was searched' : ' that were not searched'}`;
  return html`${line('Bits per byte', suggested.toFixed(4), `full ${full.toFixed(4)}, ${difference < 0 ? '−' : '+'}${Math.abs(difference).toFixed(4)}`, text)}
    ${line('Predicted', text)} ${line('Attention', `${mean(attentionSpeedUp)}x`, 'as fast as full')}`;
}

/** The text without its comment, which says again what stands beside it. */
function declarationOf(text: string): string {
  return text.slice(text.indexOf('*/\n') + 3).trimEnd();
}

/** The same object for the same suggestion, so that it is not drawn again. */
const charts = new WeakMap<Suggested, Chart>();

export function chartOf(found: Suggested): Chart {
  let chart = charts.get(found);
  if (chart === undefined) {
    chart = frontierChart(found.suggestion);
    charts.set(found, chart);
  }
  return chart;
}
