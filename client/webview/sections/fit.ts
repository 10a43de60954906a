import { html, type TemplateResult } from 'lit';
import type { LibraryFit } from '../../../runtime/analyse/fit.ts';
import { count } from '../format.ts';
import { found, type Section } from './section.ts';

/** Which attention libraries can express the mask of the head that is shown; `designSection` asks. */
export function fitSection(): Section {
  return { id: 'fit', title: 'Fit by library', ofMask: true, content: ({ answers }) => found(answers.fit, fitLines) };
}

function fitLines(fits: readonly LibraryFit[]): TemplateResult {
  const fitting = fits.filter(fit => fit.fits);
  const others = fits.filter(fit => !fit.fits);
  return html`<p class="muted">${`${count(fitting.length)} of ${count(fits.length)} express this mask exactly`}</p>
    <div class="fits">${[...fitting, ...others].map(fitLine)}</div>`;
}

function fitLine(fit: LibraryFit): TemplateResult {
  return html`<details>
    <summary class=${fit.fits ? 'fits-exactly' : 'fits-not'}>
      <span aria-hidden="true">${fit.fits ? '✓' : '✗'}</span> ${fit.name}<span class="visually-hidden">${fit.fits ? ', exactly' : ', not'}</span>
    </summary>
    <p>${reasonText(fit)}</p>
    <p class="muted">${fit.version}</p>
  </details>`;
}

/** What to call, or what stops it, with a pair that shows it. */
export function reasonText(fit: LibraryFit): string {
  if (fit.fits) return fit.how;
  if (fit.pair === undefined) return fit.because;
  const { query, key } = fit.pair;
  return `${fit.because} See query ${count(query)}, key ${count(key)}.`;
}
