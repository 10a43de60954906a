import { html, nothing, svg, type TemplateResult } from 'lit';
import { type MeasuredHead, qualityCsv } from '../../../runtime/analyse/quality/csv.ts';
import type { QualityCurve } from '../../../runtime/analyse/quality.ts';
import type { Chart } from '../../../runtime/draw/chart.ts';
import { figure } from '../charts/figure.ts';
import { count, percent } from '../format.ts';
import { ownState } from '../sections/section.ts';
import type { State } from '../state.ts';
import type { TensorQuality } from './quality-messages.ts';

export interface TensorActions {
  /** Shows the mask of a head. */
  show(head: MeasuredHead): void;
  copy(text: string): void;
  /** Goes to a query row of it. */
  goTo(head: MeasuredHead, row: number): void;
}

/** Rows that are named. */
const MOST_ROWS = 5;

/** What a mask keeps on tensors: all heads as a map and a table, one of them with its curves and worst rows. */
export function tensorView(result: TensorQuality, state: State, actions: TensorActions): TemplateResult {
  const { heads, file, device, notes } = result;
  const own = ownState<{ layer: number | null; head: number | null }>(state, 'quality', { layer: null, head: null });
  const selected = heads.find(({ layer, head }) => layer === own.layer && head === own.head) ?? heads[0];
  if (selected === undefined) return html`<p class="muted">There is nothing to measure.</p>`;
  const mean = heads.reduce((sum, { recall }) => sum + recall, 0) / heads.length;
  return html`
    <div class="headline">${percent(mean)} <span class="muted">of ${selected.against} attention kept, mean of ${count(heads.length)} ${heads.length === 1 ? 'head' : 'heads'}</span></div>
    <p class="muted">${file}, n = ${count(result.tokens)}, on ${device}</p>
    ${heads.length > 1 ? heatMap(heads, selected, actions) : nothing}
    ${table(heads, selected, actions)}
    <div class="actions">
      <vscode-button secondary title="Copy the table, a line for each head" @click=${() => actions.copy(qualityCsv(heads, false))}>Copy CSV</vscode-button>
      ${selected.distribution === null ? nothing : html`<vscode-button secondary title="Copy recall by density of every head" @click=${() => actions.copy(qualityCsv(heads, true))}>Copy Curves</vscode-button>`}
      <vscode-button secondary title="Copy all that was measured" @click=${() => actions.copy(JSON.stringify(result, null, 2))}>Copy JSON</vscode-button>
    </div>
    <h3>Layer ${selected.layer}, head ${selected.head}</h3>
    ${selected.distribution === null ? nothing : figure(curveChart(selected, selected.distribution.curve), state.palette)}
    <p class="muted">Queries that keep least:</p>
    <ul class="worst">
      ${selected.worst
        .slice(0, MOST_ROWS)
        .map(
          ({ row, recall }) =>
            html`<li><button type="button" class="link" @click=${() => actions.goTo(selected, row)}>query ${count(result.tokens - result.queries + row)}</button> keeps ${percent(recall)}</li>`,
        )}
    </ul>
    ${notes.map(note => html`<p class="note">${note}</p>`)}
  `;
}

/** Side of a square of the map. */
const SQUARE = 22;
const LABEL = 26;

/** Recall by layer and head, darker where more is kept; a click shows the head. */
function heatMap(heads: readonly MeasuredHead[], selected: MeasuredHead, actions: TensorActions): TemplateResult {
  const layers = [...new Set(heads.map(({ layer }) => layer))];
  const columns = [...new Set(heads.map(({ head }) => head))];
  const recalls = heads.map(({ recall }) => recall);
  const [least, most] = [Math.min(...recalls), Math.max(...recalls)];
  // The differences are what the map is for, and the numbers are in the table.
  const strength = (recall: number): number => (most === least ? 1 : 0.12 + (0.88 * (recall - least)) / (most - least));
  const width = LABEL + columns.length * SQUARE;
  const height = LABEL / 2 + layers.length * SQUARE;
  const text = `Recall by layer and head, from ${percent(least)} to ${percent(most)}`;
  return html`<figure class="heat">
    <figcaption>${text}; stronger is more</figcaption>
    <svg role="img" aria-label=${text} width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`}>
      ${columns.map((head, at) => svg`<text x=${LABEL + (at + 0.5) * SQUARE} y="9" text-anchor="middle">${head}</text>`)}
      ${layers.map((layer, at) => svg`<text x=${LABEL - 6} y=${LABEL / 2 + (at + 0.68) * SQUARE} text-anchor="end">${layer}</text>`)}
      ${heads.map(
        each =>
          svg`<rect
            class=${each === selected ? 'square selected' : 'square'}
            x=${LABEL + columns.indexOf(each.head) * SQUARE + 1}
            y=${LABEL / 2 + layers.indexOf(each.layer) * SQUARE + 1}
            width=${SQUARE - 2}
            height=${SQUARE - 2}
            fill-opacity=${strength(each.recall).toFixed(3)}
            @click=${() => actions.show(each)}
          ><title>layer ${each.layer}, head ${each.head}: ${percent(each.recall)}</title></rect>`,
      )}
    </svg>
  </figure>`;
}

function table(heads: readonly MeasuredHead[], selected: MeasuredHead, actions: TensorActions): TemplateResult {
  const share = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : percent(value);
  return html`<div class="scrolled" tabindex="0" role="region" aria-label="Quality of each head">
    <table>
      <thead>
        <tr>
          <th scope="col">layer, head</th>
          <th scope="col" title="Pairs of the mask, of all">density</th>
          <th scope="col" title="Share of the probability of the other attention that the mask keeps">recall</th>
          <th scope="col" title="The most that any mask with as many pairs could keep">oracle</th>
          <th scope="col" title="The same with as many keys in each row">top-k</th>
          <th scope="col" title="A window with as many pairs">window</th>
          <th scope="col" title="As many random keys in each row">random</th>
          <th scope="col" title="Of the most probable keys, as many as the mask has: the share that it has">overlap</th>
          <th scope="col" title="Entropy of the other attention in bits: 2 to that power is how many keys a query looks at">entropy</th>
          <th scope="col" title="Distance of the output, of its size">error</th>
          <th scope="col" title="Cosine of the angle between the outputs of a query">cosine</th>
          <th scope="col" title="The query that keeps least">worst</th>
        </tr>
      </thead>
      <tbody>
        ${heads.map(each => {
          const { layer, head, density, recall, distribution, error, cosine, worst } = each;
          return html`<tr class=${each === selected ? 'selected' : ''}>
            <th scope="row"><button type="button" class="link" aria-pressed=${each === selected ? 'true' : 'false'} @click=${() => actions.show(each)}>${layer}, ${head}</button></th>
            <td>${share(density)}</td><td>${share(recall)}</td><td>${share(distribution?.oracle)}</td>
            <td>${share(distribution?.topk)}</td><td>${share(distribution?.window)}</td><td>${share(distribution?.random)}</td>
            <td>${share(distribution?.overlap)}</td><td>${distribution === null ? '' : distribution.entropy.toFixed(2)}</td>
            <td>${share(error)}</td><td>${cosine.toFixed(4)}</td><td>${share(worst[0]?.recall)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

const charts = new WeakMap<QualityCurve, Chart>();

/** Recall against density: the best any mask can have, others to compare with, and the mask itself as a point. */
function curveChart(head: Pick<MeasuredHead, 'density' | 'recall'>, curve: QualityCurve): Chart {
  const known = charts.get(curve);
  if (known !== undefined) return known;
  const points = (line: keyof QualityCurve) => curve[line].map(({ density, recall }) => [density, recall] as const);
  const chart: Chart = {
    title: 'Recall against density',
    x: { label: 'density', log: 10, show: percent },
    y: { label: 'recall', range: [0, 1], show: percent },
    lines: [
      { name: 'oracle', dashed: true, points: points('oracle') },
      { name: 'top-k', part: 0, points: points('topk') },
      { name: 'window', part: 1, points: points('window') },
      { name: 'random', part: 2, points: points('random') },
      { name: 'this mask', points: [[head.density, head.recall]] },
    ],
  };
  charts.set(curve, chart);
  return chart;
}
