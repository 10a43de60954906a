import { html, nothing, type TemplateResult } from 'lit';
import type { PageServices } from '../page-services.ts';
import { shownOf } from '../shown.ts';
import type { Found, State } from '../state.ts';

/** A part of the page beside the picture, which can be folded. */
export interface Section {
  /** Stands for the section in what is kept; never changes. */
  readonly id: string;
  readonly title: string;
  /** Is it about the mask alone? Then it is left out where there is none, instead of waiting for ever. */
  readonly ofMask?: true;
  /**
   * What is shown of a state; null leaves the section out. Called after every change, so it computes nothing: what takes
   * time is asked of a worker (`inquire`) and read from `state.answers`. Folded sections are not called.
   */
  content(state: State): TemplateResult | null;
}

/** Makes a section, once in the life of a page. */
export type MakeSection = (page: PageServices) => Section;

/** What a section keeps of its own while the page is away, or `initial`, field by field, where nothing was kept. JSON. */
export function ownState<T extends object>(state: State, id: string, initial: T): T {
  return { ...initial, ...(state.sections[id] as Partial<T> | undefined) };
}

/** Replaces fields of what a section keeps. */
export function setOwnState<T extends object>({ store }: PageServices, id: string, fields: Partial<T>): void {
  store.update(({ sections }) => ({ sections: { ...sections, [id]: { ...(sections[id] as object), ...fields } } }));
}

/** An answer as far as it is there. */
export function found<T>(
  answer: Found<T> | undefined,
  show: (answer: T) => TemplateResult,
  waiting = 'Computing...',
): TemplateResult {
  if (answer === null || answer === undefined) return html`<p class="muted" role="status">${waiting}</p>`;
  return 'problem' in answer ? html`<p class="muted">${answer.problem}</p>` : show(answer.answer);
}

/** A name and a number, for a `<dl class="numbers">`. */
export function line(name: string, value: string, beside = '', title = ''): TemplateResult {
  return html`<dt title=${title}>${name}</dt><dd>${value}${beside === '' ? nothing : html` <span class="muted">${beside}</span>`}</dd>`;
}

/** All sections under each other, each with a heading that folds it. */
export function sectionList(page: PageServices, sections: readonly Section[]): TemplateResult[] {
  const { state } = page.store;
  const hasNoMask = (shownOf(state)?.problem ?? null) !== null;
  return sections.flatMap(section => {
    if (hasNoMask && section.ofMask) return [];
    const folded = state.folded.includes(section.id);
    const content = folded ? nothing : section.content(state);
    if (content === null) return [];
    const fold = (): void =>
      page.store.update({
        folded: folded ? state.folded.filter(id => id !== section.id) : [...state.folded, section.id],
      });
    return [
      html`<section class=${section.id} aria-label=${section.title}>
        <h2>
          <button type="button" class="fold" aria-expanded=${folded ? 'false' : 'true'} @click=${fold}>${section.title}</button>
        </h2>
        ${content}
      </section>`,
    ];
  });
}

/** Scrolls to a section that is drawn, and gives its heading the keyboard. */
export function goToSection(root: HTMLElement, id: string): void {
  const section = root.querySelector(`section.${id}`);
  section?.scrollIntoView({ block: 'start' });
  section?.querySelector<HTMLElement>('.fold')?.focus({ preventScroll: true });
}
