import { html, nothing, type TemplateResult } from 'lit';
import { ratio, times } from '../../../runtime/compile/count.ts';
import type { Counted, Estimated } from '../drawing-messages.ts';
import { count, mean, percent } from '../format.ts';
import { inquire } from '../inquire.ts';
import type { PageServices } from '../page-services.ts';
import type { State } from '../state.ts';
import { histogram } from './histogram.ts';
import { found, line, type Section } from './section.ts';

/** The numbers of the mask: exact, or estimated with a bound. */
export function numbersSection(page: PageServices): Section {
  inquire(page, [{ kind: 'rows', sections: ['pairs', 'charts'] }]);
  return {
    id: 'pairs',
    title: 'Numbers',
    ofMask: true,
    content: ({ answers: { measure, rows } }) =>
      found(
        measure,
        measured => ('estimate' in measured ? estimatedNumbers(measured) : countedNumbers(measured, rows)),
        'Counting...',
      ),
  };
}

function estimatedNumbers({ estimate, tokens, queries, complexity }: Estimated): TemplateResult {
  const why =
    'Estimated from a sample, because the condition repeats nowhere; the bound holds but for one case in a million';
  return html`<dl class="numbers">
    ${line('n', count(tokens), '', 'Keys of the sequence')}
    ${queries === tokens ? nothing : line('Queries', count(queries))}
    ${line('Pairs', `≈ ${count(estimate.pairs)} ± ${count(estimate.error)}`, '', why)}
    ${line('Density', `≈ ${percent(ratio(estimate.pairs, times(queries, tokens)))}`, '', 'Share of all pairs')}
    ${line('Complexity', complexity)}
  </dl>`;
}

function countedNumbers({ statistics }: Counted, rows: State['answers']['rows']): TemplateResult {
  const { keysPerQuery, tiles } = statistics;
  return html`<dl class="numbers">
    ${line('n', count(statistics.tokens), '', 'Keys of the sequence')}
    ${statistics.queries === statistics.tokens ? nothing : line('Queries', count(statistics.queries))}
    ${line('Pairs', count(statistics.pairs), '', 'Query-key pairs that attend, counted exactly')}
    ${line('Density', percent(statistics.density), '', 'Share of all pairs')}
    ${line('Complexity', statistics.complexity)}
    ${line('Keys per query', `${count(keysPerQuery.min)} / ${mean(keysPerQuery.mean)} / ${count(keysPerQuery.max)}`, '', 'Fewest, mean, most')}
    ${rows != null && 'answer' in rows ? html`<dd class="spread">${histogram(rows.answer.spread)}</dd>` : nothing}
    ${line('Range', `${count(statistics.range.back)} back, ${count(statistics.range.ahead)} ahead`, '', 'Farthest key that a query attends to')}
    ${statistics.emptyQueries === 0 ? nothing : line('Queries without keys', count(statistics.emptyQueries))}
    ${line(`Tiles ${tiles.size} x ${tiles.size}`, `${count(tiles.full)} full, ${count(tiles.partial)} partial`, '', `${count(tiles.empty)} empty tiles are skipped`)}
  </dl>`;
}
