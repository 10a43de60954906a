import { html, nothing, type TemplateResult } from 'lit';
import type { DesignAnswer } from '../drawing-messages.ts';
import { inquire } from '../inquire.ts';
import type { PageServices } from '../page-services.ts';
import { found, type Section } from './section.ts';

/** Which published design the mask is, by its pairs, and which libraries can express it. */
export function designSection(page: PageServices): Section {
  inquire(page, [
    { kind: 'design', sections: ['design'] },
    { kind: 'fit', sections: ['fit'] },
  ]);
  return {
    id: 'design',
    title: 'Recognised',
    ofMask: true,
    content: ({ answers }) => found(answers.design, designLines),
  };
}

function designLines(design: DesignAnswer): TemplateResult {
  if (design === null) return html`<p class="muted">No published design has exactly these pairs.</p>`;
  const { title, text, module } = design;
  return html`<p>${title}</p>
    ${title === text ? nothing : html`<p class="muted"><code>${text}</code>${module === undefined ? nothing : html` of <code>${module}</code>`}</p>`}`;
}
