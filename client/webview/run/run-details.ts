import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Chart } from '../../../runtime/draw/chart.ts';
import type { OpaquePalette } from '../../../runtime/draw/palette.ts';
import type { RowDifferences } from '../../run/run-request.ts';
import { figure } from '../charts/figure.ts';
import { count } from '../format.ts';
import { leastWeight, Ramp } from './ramp.ts';
import type { WeightsOf } from './weights-overlay.ts';

/** What there is to see of the latest run beside its numbers. */
export interface RunDetails {
  readonly weights: WeightsOf | null;
  /** Of the run's heads. */
  readonly head: number;
  readonly heads: number;
  readonly tokens: number;
  /** Why its weights cannot be laid over the picture, or null. */
  readonly problem: string | null;
  /** Length at which they could, or null. */
  readonly showAt: number | null;
  /** Pairs along the side of a square, and whether all of them were looked at; null before that is known. */
  readonly squares: { readonly side: number; readonly exact: boolean } | null;
  /** The weight under the pointer or the cursor, or null. */
  readonly pointed: number | null;
  readonly errors: Chart | null;
}

export interface RunDetailsActions {
  setWeights(of: WeightsOf | null): void;
  setHead(head: number): void;
  show(tokens: number): void;
}

export function runDetails(details: RunDetails, palette: OpaquePalette, actions: RunDetailsActions): TemplateResult {
  const { weights, head, heads, problem, showAt, errors } = details;
  return html`<div class="fields" role="group" aria-label="Attention weights over the mask">
      <span class="field" title="Attention weights of the latest run over the picture: the mean or the largest of each square of pairs"
        ><span aria-hidden="true">weights</span>
        <vscode-single-select
          class="weights"
          label="Attention weights over the mask"
          aria-label="Attention weights over the mask"
          .value=${weights ?? ''}
          @change=${(event: Event) => {
            const { value } = event.target as HTMLSelectElement;
            actions.setWeights(value === 'mean' || value === 'max' ? value : null);
          }}
        >
          <vscode-option value="" ?selected=${weights === null}>not shown</vscode-option>
          <vscode-option value="mean" ?selected=${weights === 'mean'}>mean</vscode-option>
          <vscode-option value="max" ?selected=${weights === 'max'}>largest</vscode-option>
        </vscode-single-select>
      </span>
      ${
        weights === null || heads === 1
          ? nothing
          : html`<span class="field"
              ><span aria-hidden="true">of head</span>
              <vscode-textfield
                id="weights-head"
                type="number"
                min="0"
                max=${heads - 1}
                .label=${`Head of the run, 0 to ${heads - 1}`}
                .value=${String(head)}
                @change=${(event: Event) => {
                  const wanted = Math.round(Number((event.target as HTMLInputElement).value));
                  actions.setHead(Math.min(heads - 1, Math.max(0, Number.isFinite(wanted) ? wanted : 0)));
                }}
              ></vscode-textfield>
            </span>`
      }
      ${
        weights === null || showAt === null
          ? nothing
          : html`<vscode-button secondary @click=${() => actions.show(showAt)}>Show n = ${count(showAt)}</vscode-button>`
      }
    </div>
    ${weights === null ? nothing : problem === null ? legend(details, palette) : html`<p class="note">${problem}</p>`}
    ${errors === null ? nothing : figure(errors, palette)}`;
}

const STEPS = 32;

function legend({ tokens, squares, pointed }: RunDetails, palette: OpaquePalette): TemplateResult {
  const ramp = new Ramp(palette);
  const least = leastWeight(tokens);
  const each =
    squares === null || squares.side === 1 ? 'each pair' : `squares of ${squares.side} x ${squares.side} pairs`;
  const sampled = squares !== null && !squares.exact ? ', ≈ from some of them' : '';
  return html`<div class="ramp" role="img" aria-label=${`Colours of weights from ${least} or less to 1, on a logarithmic scale`}>
      <span>≤ ${least}</span>
      <svg viewBox=${`0 0 ${STEPS} 1`} preserveAspectRatio="none" shape-rendering="crispEdges" aria-hidden="true">
        ${Array.from({ length: STEPS }, (_, index) => svg`<rect x=${index} width="1.05" height="1" fill=${`rgb(${ramp.colour(index / (STEPS - 1)).join(' ')})`}></rect>`)}
      </svg>
      <span>1</span>
    </div>
    <p class="muted">${each}${sampled}${pointed === null ? '' : `; here ${Number(pointed.toPrecision(3))}`}</p>`;
}

const charts = new WeakMap<RowDifferences, Chart | null>();

/** Where along the sequence the output is how far from the reference, and from full attention; the same object for the same run. */
export function errorChart(name: string, differences: RowDifferences): Chart | null {
  let chart = charts.get(differences);
  if (chart === undefined) {
    const { reference, full } = differences;
    const lines = [
      { name: 'error, against float64', part: 0, points: reference },
      ...(full === null ? [] : [{ name: 'difference from full attention', part: 1, points: full }]),
    ];
    const shown = lines.some(({ points }) => points.filter(([, difference]) => difference > 0).length > 1);
    chart = shown
      ? {
          title: `${name}: largest error of the output by query`,
          x: { label: 'query i', show: count },
          y: { label: '|o - reference|', log: 10, show: value => value.toExponential(0) },
          lines,
        }
      : null;
    charts.set(differences, chart);
  }
  return chart;
}
