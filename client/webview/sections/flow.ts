import { html, nothing, type TemplateResult } from 'lit';
import type { FlowReport } from '../../../runtime/analyse/flow-report.ts';
import type { FlowAnswer } from '../drawing-messages.ts';
import { count, percent } from '../format.ts';
import { found, line, type Section } from './section.ts';

/** How information gets from key to query through several layers. */
export function flowSection(): Section {
  return { id: 'flow', title: 'Flow', ofMask: true, content: ({ answers }) => found(answers.flow, flowLines) };
}

function flowLines(flow: FlowAnswer): TemplateResult {
  const { missing, hops, full, isolated, layers, byLayer, tokens, queries } = flow;
  return html`<dl class="numbers">
      ${line('Heard of', reachText(flow), queries === tokens ? '' : 'by all positions', queries === tokens ? 'Keys that every query hears of through enough layers' : 'Keys that every position hears of: before it was put into the cache each was a query of the same layers')}
      ${missing === null ? nothing : line('Never', `${count(missing.key)} by ${count(missing.query)}`, '', 'A key and a query that no number of layers connects')}
      ${line('Hops', hopsText(hops), hops.exact ? '' : 'bounds', 'Most steps that information takes from a key to a query')}
      ${full === null ? nothing : line('All heard', fullText(full.after, layers, byLayer.at(-1) ?? 0), '', 'Layers after which every query has heard of all that it ever will')}
      ${isolated.count === 0 ? nothing : line('Isolated', count(isolated.count), '', `Positions alone with themselves: ${isolated.first.map(count).join(', ')}${isolated.count > isolated.first.length ? ', ...' : ''}`)}
    </dl>`;
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
