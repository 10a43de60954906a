import { html, type TemplateResult } from 'lit';
import { drawMarks, type MarkColours } from '../mask/decorations.ts';
import { MaskView } from '../mask/mask-view.ts';
import { listen, type Navigation } from '../mask/navigation.ts';
import { startedWorker, TileWorker } from '../mask/tile-worker.ts';
import type { PageServices } from '../page-services.ts';
import { messageOf, type State } from '../state.ts';
import { markColours } from '../theme.ts';
import { comparedNames, type Other, otherOf } from './compared.ts';

/** Fields that change what lies over the picture, but not the picture. */
const overPicture = ['cell', 'pointed'] as const satisfies readonly (keyof State)[];

/** The second picture of a comparison side by side: same camera, same cursor. Made when it is wanted first. */
export class OtherPicture {
  readonly #page: PageServices;
  readonly #navigation: Navigation;
  #parts: { readonly view: MaskView; readonly marks: HTMLCanvasElement } | undefined;
  #colours: MarkColours;
  #shown: { readonly other: Other; readonly palette: State['palette'] } | undefined;

  /** `navigation`: what pointer and keys do to both pictures. */
  constructor(page: PageServices, navigation: Navigation) {
    const { store } = page;
    this.#page = page;
    this.#navigation = navigation;
    this.#colours = markColours(store.state.palette);
    store.subscribe((state, before) => {
      if (state.palette !== before.palette) this.#colours = markColours(state.palette);
      const parts = this.#parts;
      if (parts === undefined) return;
      if (state.renderer !== before.renderer) parts.view.choose(state.renderer);
      this.#show();
      if (state.camera !== before.camera) parts.view.look(state.camera);
      else if (overPicture.some(name => state[name] !== before[name])) parts.view.paintSoon();
    });
  }

  /** Null where masks are not compared side by side. */
  template(state: State): TemplateResult | null {
    const other = otherOf(state);
    if (!other?.bound || other.as !== 'side by side') return null;
    const { view, marks } = this.#started();
    const [, name] = comparedNames(state);
    marks.setAttribute('aria-label', `Attention mask of ${name}, which moves with the other one.`);
    this.#show();
    return html`<div class="mask other">${view.element} ${marks}<span class="caption" aria-hidden="true">${name}</span></div>`;
  }

  #started() {
    if (this.#parts !== undefined) return this.#parts;
    const { store, workers } = this.#page;
    const marks = document.createElement('canvas');
    marks.className = 'marks';
    marks.tabIndex = 0;
    marks.setAttribute('role', 'application');
    const view = new MaskView(new TileWorker(startedWorker(workers.url)), {
      painted: () => this.#drawMarks(),
      completed: ({ choice }) => {
        marks.dataset.shown = `${choice.model.name} ${choice.tokens}`;
      },
      failed: error =>
        store.update(({ compared }) => ({ compared: compared && { ...compared, problem: messageOf(error) } })),
    });
    listen(marks, this.#navigation);
    view.choose(store.state.renderer);
    view.look(store.state.camera);
    this.#parts = { view, marks };
    return this.#parts;
  }

  #show(): void {
    const { state } = this.#page.store;
    const other = otherOf(state);
    if (this.#parts === undefined || !other?.bound || other.as !== 'side by side') return;
    const { palette } = state;
    if (this.#shown?.other.choice === other.choice && this.#shown.palette === palette) return;
    this.#shown = { other, palette };
    const { queries, tokens } = other.bound.shape;
    this.#parts.view.show({ choice: other.choice, palette }, { queries, keys: tokens });
  }

  #drawMarks(): void {
    if (this.#parts === undefined) return;
    const { view, marks } = this.#parts;
    const { size, camera, extent } = view;
    if (marks.width !== size.width) marks.width = size.width;
    if (marks.height !== size.height) marks.height = size.height;
    const context = marks.getContext('2d');
    if (context === null) return;
    const { pointed, cell } = this.#page.store.state;
    drawMarks(context, {
      ...{ camera, size, extent, pointed, selected: cell },
      bound: this.#shown?.other.bound ?? null,
      tiles: null,
      way: [],
      colours: this.#colours,
    });
  }
}
