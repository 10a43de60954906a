import { html, nothing, type TemplateResult } from 'lit';
import type { MaybeAgainst, ModelCost } from '../../runtime/analyse/cost.ts';
import type { FlowReport } from '../../runtime/analyse/flow-report.ts';
import type { Found } from './analyses.ts';
import type { CostAnswer, FlowAnswer } from './drawing-messages.ts';
import { bytes, count, mean, operations, percent } from './format.ts';

/** What the whole model costs, against causal attention where it is causal and full attention otherwise. */
export function costSection(found: Found<CostAnswer>): TemplateResult {
  return section('Cost', found, ({ cost, waste }) => {
    const { total } = cost;
    const against = cost.causal ? 'causal' : 'full';
    const row = (name: string, of: MaybeAgainst, show: (value: bigint) => string, title: string): unknown =>
      of.sparse === null ? nothing : line(name, show(of.sparse), `of ${show(of[against])}`, title);
    const flops = {
      sparse: total.scoreFlops.sparse + total.valueFlops.sparse,
      full: total.scoreFlops.full + total.valueFlops.full,
      causal: total.scoreFlops.causal + total.valueFlops.causal,
    };
    const size = (value: bigint): string => bytes(Number(value));
    const tile = cost.tile.queries;
    const best = waste?.sizes.find(use => use.tile.queries === waste.best);
    return html`
      <p class="muted">${about(cost)}, against ${against} attention</p>
      <dl class="numbers">
        ${row('FLOPs', flops, operations, 'Operations of scores and values, in all layers and heads')}
        ${row('Scores', total.scoreBytes, size, 'Memory of all scores, were they kept')}
        ${row('Moved', total.movedBytes, size, `Bytes that a kernel with tiles of ${tile} x ${tile} moves`)}
        ${cost.causal ? line('KV cache', size(total.cacheBytes.sparse), `of ${size(total.cacheBytes.full)}`, 'Keys and values that some later query still needs while decoding') : nothing}
        ${total.speedUp === null || !Number.isFinite(total.speedUp[against]) ? nothing : line('Speed-up, at most', `${mean(total.speedUp[against])}x`, '', `Of a kernel that skips empty tiles of ${tile} x ${tile}`)}
        ${best === undefined ? nothing : line('Best tile', `${best.tile.queries} x ${best.tile.keys}`, `${percent(best.used)} used`, `The largest tile that computes at most 10 % more than one of 16 x 16. ${waste === null ? '' : waste.sizes.map(use => `${use.tile.queries}: ${percent(use.used)}`).join(', ')}`)}
      </dl>
    `;
  });
}

/** How information gets from key to query through several layers. */
export function flowSection(found: Found<FlowAnswer>): TemplateResult {
  return section('Flow', found, flow => {
    const { missing, hops, full, isolated, layers, byLayer, tokens, queries } = flow;
    return html`<dl class="numbers">
      ${line('Heard of', reachText(flow), queries === tokens ? '' : 'by all positions', queries === tokens ? 'Keys that every query hears of through enough layers' : 'Keys that every position hears of: before it was put into the cache each was a query of the same layers')}
      ${missing === null ? nothing : line('Never', `${count(missing.key)} by ${count(missing.query)}`, '', 'A key and a query that no number of layers connects')}
      ${line('Hops', hopsText(hops), hops.exact ? '' : 'bounds', 'Most steps that information takes from a key to a query')}
      ${full === null ? nothing : line('All heard', fullText(full.after, layers, byLayer.at(-1) ?? 0), '', 'Layers after which every query has heard of all that it ever will')}
      ${isolated.count === 0 ? nothing : line('Isolated', count(isolated.count), '', `Positions alone with themselves: ${isolated.first.map(count).join(', ')}${isolated.count > isolated.first.length ? ', ...' : ''}`)}
    </dl>`;
  });
}

/** Which keys every query hears of. */
export function reachText({ reaches, share }: Pick<FlowReport, 'reaches' | 'share'>): string {
  switch (reaches) {
    case 'all':
      return 'all keys';
    case 'past':
      return 'all earlier keys';
    case 'future':
      return 'all later keys';
    case 'part':
      return share === null ? 'some keys' : `${percent(share)} of keys`;
    case null:
      return 'not known';
  }
}

/** `2`, `11 to 20`, `at least 11` */
export function hopsText({ least, most, exact }: FlowReport['hops']): string {
  if (exact) return count(least);
  return Number.isFinite(most) ? `${count(least)} to ${count(most)}` : `at least ${count(least)}`;
}

/** `2 of 12 layers`, `not in 12 layers (93 %)`; a bare pattern has as many layers as it takes. */
export function fullText(after: number | null, layers: number | null, share: number): string {
  if (after === null) return `not in ${count(layers ?? 0)} layers (${percent(share)})`;
  const plural = (layers ?? after) === 1 ? 'layer' : 'layers';
  return layers === null ? `after ${count(after)} ${plural}` : `${count(after)} of ${count(layers)} ${plural}`;
}

function about({ layers, heads, dtype, batch, headDim, headDimAssumed, atMost }: ModelCost): string {
  return [
    ...(atMost ? ['At most'] : []),
    ...(layers > 1 || heads > 1
      ? [`${count(layers)} ${layers === 1 ? 'layer' : 'layers'} of ${count(heads)} ${heads === 1 ? 'head' : 'heads'}`]
      : []),
    `width ${headDim}${headDimAssumed ? ' (assumed)' : ''}`,
    dtype,
    ...(batch > 1 ? [`batch ${batch}`] : []),
  ].join(', ');
}

function section<T>(name: string, found: Found<T>, show: (answer: T) => TemplateResult): TemplateResult {
  return html`<section aria-label=${name}>
    <h2>${name}</h2>
    ${
      found === null
        ? html`<p class="muted" role="status">Computing...</p>`
        : 'problem' in found
          ? html`<p class="muted">${found.problem}</p>`
          : show(found.answer)
    }
  </section>`;
}

function line(name: string, value: string, beside: string, title: string): TemplateResult {
  return html`<dt title=${title}>${name}</dt><dd>${value}${beside === '' ? nothing : html` <span class="muted">${beside}</span>`}</dd>`;
}
