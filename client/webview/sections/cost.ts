import { html, nothing, type TemplateResult } from 'lit';
import type { MaybeAgainst, ModelCost } from '../../../runtime/analyse/cost.ts';
import type { CostAnswer } from '../drawing-messages.ts';
import { bytes, count, mean, operations, percent } from '../format.ts';
import { inquire } from '../inquire.ts';
import type { PageServices } from '../page-services.ts';
import { found, line, type Section } from './section.ts';

/** What the whole model costs, against causal attention where it is causal and full attention otherwise. */
export function costSection(page: PageServices): Section {
  // Flow may take seconds, so it comes after the costs, of which the tiles over the mask tell too.
  inquire(page, [{ kind: 'cost' }, { kind: 'flow', sections: ['flow', 'charts'] }]);
  return { id: 'cost', title: 'Cost', ofMask: true, content: ({ answers }) => found(answers.cost, costLines) };
}

function costLines({ cost, waste }: CostAnswer): TemplateResult {
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
