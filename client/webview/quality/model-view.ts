import { html, nothing, type TemplateResult } from 'lit';
import type { Chart } from '../../../runtime/draw/chart.ts';
import type { OpaquePalette } from '../../../runtime/draw/palette.ts';
import { wholeMs } from '../../../runtime/language-model/compare-attention.ts';
import { figure } from '../charts/figure.ts';
import { count, mean, milliseconds, percent } from '../format.ts';
import { line } from '../sections/section.ts';
import type { ModelQuality } from './quality-messages.ts';

/** What the masks cost a language model. */
export function modelView(result: ModelQuality, palette: OpaquePalette): TemplateResult {
  const { full, sparse, difference, attentionSpeedUp, speedUp, byLayer, notes } = result;
  const sequences = `${count(sparse.sequences)} ${sparse.sequences === 1 ? 'sequence' : 'sequences'}`;
  return html`
    <div class="headline">${signed(difference)} <span class="muted">bits per byte</span></div>
    <p class="muted">${result.model}, ${sequences} of ${count(sparse.tokens)} bytes, on ${sparse.attentionDevice}</p>
    <dl class="numbers">
      ${line('Bits per byte', sparse.bitsPerByte.toFixed(4), `full ${full.bitsPerByte.toFixed(4)}`)}
      ${sparse.later.map(({ from, bitsPerByte }, at) =>
        line(`From ${count(from)}`, bitsPerByte.toFixed(4), signed(bitsPerByte - (full.later[at]?.bitsPerByte ?? 0))),
      )}
      ${line('Pairs', percent(sparse.pairs / full.pairs), 'of causal attention')}
      ${line('Attention', milliseconds(sparse.attentionMs), `${mean(attentionSpeedUp)}x`, 'Of a sequence, in all layers')}
      ${sparse.selectMs > 0 ? line('Choosing keys', milliseconds(sparse.selectMs)) : nothing}
      ${line('Whole model', milliseconds(wholeMs(sparse)), `${mean(speedUp)}x`)}
    </dl>
    ${sparse.stretches.length > 1 ? figure(positionChart(result), palette) : nothing}
    ${byLayer === null ? nothing : layers(byLayer)}
    ${notes.map(note => html`<p class="note">${note}</p>`)}
  `;
}

function layers(byLayer: NonNullable<ModelQuality['byLayer']>): TemplateResult {
  const most = Math.max(1e-9, ...byLayer.map(({ difference }) => Math.abs(difference)));
  return html`<h3>In one layer alone</h3>
    <table class="by-layer">
      <thead><tr><th scope="col">layer</th><th scope="col">lost</th><th scope="col"><span class="visually-hidden">Share of the most</span></th></tr></thead>
      <tbody>
        ${byLayer.map(
          ({ layer, difference }) =>
            html`<tr><th scope="row">${layer}</th><td>${signed(difference)}</td>
              <td><svg width="80" height="8" aria-hidden="true"><rect class="bar" width=${(80 * Math.abs(difference)) / most} height="8"></rect></svg></td></tr>`,
        )}
      </tbody>
    </table>`;
}

const charts = new WeakMap<ModelQuality, Chart>();

/** Bits per byte along the sequence, at the ends of the stretches that were averaged. */
function positionChart(result: ModelQuality): Chart {
  const known = charts.get(result);
  if (known !== undefined) return known;
  const { full, sparse } = result;
  const points = (of: typeof full) => of.stretches.map(({ to, bitsPerByte }) => [to, bitsPerByte] as const);
  const chart: Chart = {
    title: 'Bits per byte by position',
    x: { label: 'up to position', log: 2, show: count },
    y: { label: 'bits', show: value => value.toFixed(2) },
    lines: [
      { name: 'full attention', dashed: true, points: points(full) },
      { name: 'this', points: points(sparse) },
    ],
  };
  charts.set(result, chart);
  return chart;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
}
