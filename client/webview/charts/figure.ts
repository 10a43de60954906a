import { html, nothing, svg, type TemplateResult } from 'lit';
import { type Chart, chartText, columnsOf } from '../../../runtime/draw/chart.ts';
import type { OpaquePalette } from '../../../runtime/draw/palette.ts';
import { colourOf } from './chart-element.ts';

/** A chart with its title and legend, and its numbers as a table for those who would rather read them. */
export function figure(chart: Chart, palette: OpaquePalette): TemplateResult {
  return html`<figure class="chart">
    <figcaption>${chart.title}</figcaption>
    <div role="img" aria-label=${chartText(chart)}>
      <sparse-chart .chart=${chart} .palette=${palette}></sparse-chart>
    </div>
    ${chart.lines.length > 1 ? html`<ul class="lines">${chart.lines.map(line => legendLine(line, palette))}</ul>` : nothing}
    <details>
      <summary>As a table</summary>
      ${table(chart)}
    </details>
  </figure>`;
}

function legendLine(line: Chart['lines'][number], palette: OpaquePalette): TemplateResult {
  const colour = colourOf(line, palette, 'currentcolor', 'var(--vscode-descriptionForeground)');
  // No style attribute: the page's content security policy does not let it through.
  return html`<li>
    <svg class="stroke" width="18" height="8" aria-hidden="true">
      ${
        // A line of one point is that point.
        line.points.length === 1
          ? svg`<circle cx="9" cy="4" r="4" fill=${colour}></circle>`
          : svg`<line x2="18" y1="4" y2="4" stroke=${colour} stroke-width="2" stroke-dasharray=${line.dashed === true ? '5 4' : 'none'}></line>`
      }
    </svg>${line.name}
  </li>`;
}

function table(chart: Chart): TemplateResult {
  const { xs, ys } = columnsOf(chart);
  return html`<div class="scrolled" tabindex="0" role="region" aria-label=${`Numbers of ${chart.title}`}>
    <table>
      <thead><tr><th scope="col">${chart.x.label}</th>${chart.lines.map(line => html`<th scope="col">${line.name}</th>`)}</tr></thead>
      <tbody>
        ${xs.map(
          (x, row) =>
            html`<tr><th scope="row">${chart.x.show(x)}</th>${ys.map(column => {
              const value = column[row];
              return html`<td>${value === null || value === undefined ? '' : chart.y.show(value)}</td>`;
            })}</tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
