import { html, svg, type TemplateResult } from 'lit';
import type { RowSpread } from '../../../runtime/analyse/row-spread.ts';
import { count } from '../format.ts';

const HEIGHT = 28;
/** Of a bin with any rows at all: one row among a million is to be seen. */
const LEAST = 1.5;

/** Rows by their number of keys, as bars; each tells its numbers under the pointer, the label tells them together. */
export function histogram(spread: RowSpread): TemplateResult {
  const { bins } = spread;
  const most = Math.max(1, ...bins);
  return html`<svg class="histogram" role="img" aria-label=${spreadText(spread)} viewBox=${`0 0 ${bins.length} ${HEIGHT}`} preserveAspectRatio="none">
      ${bins.map((rows, bin) => {
        const height = rows === 0 ? 0 : Math.max(LEAST, (rows / most) * HEIGHT);
        return svg`<rect x=${bin + 0.06} y=${HEIGHT - height} width="0.88" height=${height}><title>${binText(spread, bin)}</title></rect>`;
      })}
    </svg>
    <span class="ends muted" aria-hidden="true"><span>${count(spread.min)}</span><span>${count(spread.max)} ${spread.max === 1 ? 'key' : 'keys'}</span></span>`;
}

/** `3 queries have 64 to 127 keys` */
export function binText({ min, max, width, bins }: RowSpread, bin: number): string {
  const rows = bins[bin] ?? 0;
  const least = min + bin * width;
  const last = Math.min(max, least + width - 1);
  const keys = least === last ? count(least) : `${count(least)} to ${count(last)}`;
  return `${count(rows)} ${rows === 1 ? 'query has' : 'queries have'} ${keys} ${last === 1 ? 'key' : 'keys'}`;
}

/** The fullest bins in words, for those who do not see the bars. */
export function spreadText(spread: RowSpread): string {
  const fullest = spread.bins
    .map((rows, bin) => ({ rows, bin }))
    .filter(({ rows }) => rows > 0)
    .sort((a, b) => b.rows - a.rows)
    .slice(0, 3);
  return `Keys per query: ${fullest.map(({ bin }) => binText(spread, bin)).join('; ')}`;
}
