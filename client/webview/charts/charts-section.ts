import { html, type TemplateResult } from 'lit';
import type { Chart } from '../../../runtime/draw/chart.ts';
import { inquire } from '../inquire.ts';
import type { PageServices } from '../page-services.ts';
import type { Section } from '../sections/section.ts';
import type { Found, State } from '../state.ts';
import { figure } from './figure.ts';
import { fieldChart, rowsChart, scalingChart, wasteChart } from './mask-charts.ts';

/** What a chart says better than a number. */
export function chartsSection(page: PageServices): Section {
  inquire(page, [{ kind: 'scaling', sections: ['charts'] }]);
  return { id: 'charts', title: 'Charts', ofMask: true, content: charts };
}

function charts({ answers, palette }: State): TemplateResult {
  const all = [
    chartOf(answers.scaling, scaling => (scaling.lengths.length < 2 ? null : scalingChart(scaling))),
    chartOf(answers.rows, ({ stretches }) => (stretches.length < 2 ? null : rowsChart(stretches))),
    chartOf(answers.flow, flow => (flow.byLayer.length < 2 ? null : fieldChart(flow))),
    chartOf(answers.cost, ({ waste }) => (waste === null ? null : wasteChart(waste))),
  ].filter(chart => chart !== null);
  if (all.length === 0) return html`<p class="muted" role="status">No chart yet.</p>`;
  return html`${all.map(chart => figure(chart, palette))}`;
}

/** Charts by the answer that they show: the same object for the same answer, so that they are not drawn again. */
const made = new WeakMap<object, Chart | null>();

function chartOf<T extends object>(found: Found<T> | undefined, make: (answer: T) => Chart | null): Chart | null {
  if (found === null || found === undefined || 'problem' in found) return null;
  let chart = made.get(found.answer);
  if (chart === undefined) {
    chart = make(found.answer);
    made.set(found.answer, chart);
  }
  return chart;
}
