import { html, type TemplateResult } from 'lit';
import { description } from './description.ts';
import { LatestWorker, Superseded } from './drawing.ts';
import { count } from './format.ts';
import { MaskView } from './mask/mask-view.ts';
import type { PageServices } from './page-services.ts';
import { shownOf } from './shown.ts';
import { type Cell, messageOf, type State } from './state.ts';
import { onThemeChange, paletteOfTheme } from './theme.ts';
import type { PictureActions } from './toolbar.ts';

/** The picture of the mask: keeps the canvas in step with the state. */
export class MaskPicture implements PictureActions {
  readonly #page: PageServices;
  readonly #worker: LatestWorker;
  readonly #canvas = document.createElement('canvas');
  readonly #view: MaskView;
  #pointed: Cell | undefined;

  constructor(page: PageServices) {
    this.#page = page;
    this.#worker = new LatestWorker(page.workerUrl);
    this.#canvas.tabIndex = 0;
    // Not an image: it takes arrow keys and the zoom keys.
    this.#canvas.setAttribute('role', 'application');
    this.#view = new MaskView(this.#canvas, {
      cameraChanged: () => {
        void this.#draw();
        page.store.update({ camera: this.#view.fitted ? null : this.#view.camera });
      },
      cellPointed: cell => {
        if (cell?.row === this.#pointed?.row && cell?.column === this.#pointed?.column) return;
        this.#pointed = cell;
        page.store.update({ cell: cell ?? null });
      },
    });
    const { camera } = page.store.state;
    onThemeChange(() => void this.#draw());
    page.store.subscribe((state, before) => {
      if (shownOf(state)?.choice !== shownOf(before)?.choice) this.#maskChanged();
    });
    this.#maskChanged();
    if (camera !== null) this.#view.restore(camera);
  }

  zoom(factor: number): void {
    this.#view.zoom(factor);
  }

  fit(): void {
    this.#view.fit();
  }

  template(state: State): TemplateResult {
    this.#canvas.setAttribute('aria-label', description(state));
    const stale = state.stale !== null || state.drawProblem !== null || shownOf(state)?.problem;
    return html`<div class="picture ${stale ? 'stale' : ''}">
      ${this.#canvas}
      <span class="axis keys" aria-hidden="true">keys j →</span>
      <span class="axis queries" aria-hidden="true">queries i →</span>
      <div class="pointed" aria-live="off">${pointedText(state)}</div>
    </div>`;
  }

  #maskChanged(): void {
    const shown = shownOf(this.#page.store.state);
    if (!shown?.bound) return;
    const { shape } = shown.bound;
    this.#view.setExtent({ queries: shape.queries, keys: shape.tokens });
    this.#page.store.update({ drawProblem: null });
    void this.#draw();
  }

  async #draw(): Promise<void> {
    const { store } = this.#page;
    const shown = shownOf(store.state);
    const { width, height } = this.#view.size;
    if (!shown?.bound || width <= 1 || height <= 1) return;
    const { choice } = shown;
    try {
      const picture = await this.#worker.ask({
        kind: 'draw',
        choice,
        view: { ...this.#view.camera, width, height },
        palette: paletteOfTheme(),
      });
      this.#view.show(picture);
      // Tells tests and assistive tools that what is on the canvas is this mask.
      this.#canvas.dataset.shown = `${choice.model.name} ${choice.tokens}`;
      store.update({ approximate: picture.approximate });
    } catch (error) {
      // A question about an earlier mask says nothing about this one.
      if (error instanceof Superseded || choice !== shownOf(store.state)?.choice) return;
      store.update({ drawProblem: messageOf(error) });
    }
  }
}

function pointedText(state: State): string {
  const bound = shownOf(state)?.bound;
  const { cell } = state;
  if (!bound || cell === null)
    return state.approximate ? '≈ The picture shows densities of sampled rows; zoom in for exact cells.' : '';
  const { mask, parts, shape } = bound;
  const by: string[] = [];
  const i = shape.offset + cell.row;
  mask.word(i, cell.column, 1, part => by.push(parts[part]?.label ?? ''));
  return `i = ${count(i)}, j = ${count(cell.column)}: ${by.length === 0 ? 'not attended' : `attended by ${by.join(' and ')}`}`;
}
