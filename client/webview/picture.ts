import { html, nothing, type TemplateResult } from 'lit';
import { differencePalette } from '../../runtime/draw/palette.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { partsStandingOut } from './caret.ts';
import { comparedNames, differenceOf } from './compare/compared.ts';
import { OtherPicture } from './compare/other-picture.ts';
import { description } from './description.ts';
import { LatestWorker } from './drawing.ts';
import { drawField } from './field/draw-field.ts';
import { fieldShown } from './field/field.ts';
import { count, parseTokens } from './format.ts';
import { type Camera, cellAt, centredOn, type Extent, pan, showing, zoomAbout } from './mask/camera.ts';
import type { Cell } from './mask/cell.ts';
import { drawMarks, type MarkColours } from './mask/decorations.ts';
import { MaskView } from './mask/mask-view.ts';
import { Minimap } from './mask/minimap.ts';
import { listen, type Navigation, parseCell } from './mask/navigation.ts';
import { TileWorker } from './mask/tile-worker.ts';
import type { MaskChoice } from './mask-choice.ts';
import type { PageServices } from './page-services.ts';
import { litBy, readout } from './readout.ts';
import { shownOf } from './shown.ts';
import { messageOf, type State } from './state.ts';
import { highlighted, markColours } from './theme.ts';
import { TileOverlay } from './tile-overlay.ts';
import type { PictureActions } from './toolbar.ts';

/** Fields that change what lies over the picture, but not the picture. */
const overPicture = [
  'cell',
  'pointed',
  'way',
  'overlayTile',
  'field',
  'sections',
] as const satisfies readonly (keyof State)[];

/** Milliseconds after a picture is complete in which another edit may come, and that are waited for a slow picture. */
const REST_MS = 300;
const LONGEST_MS = 1500;

/** The rest of the page waits so long for the first picture. */
const LONGEST_FIRST_MS = 500;

/** More than this is not left by rounding: the zoom is at its end. */
const LARGEST_LEFT = 0.02;

/** The picture of the mask with what lies over it: keeps it in step with the state, and the state with pointer and keys. */
export class MaskPicture implements PictureActions, Navigation {
  readonly #page: PageServices;
  readonly #view: MaskView;
  readonly #marks = document.createElement('canvas');
  readonly #minimap: Minimap;
  readonly #tiles: TileOverlay;
  /** Beside this one, where two masks are compared so. */
  readonly #other: OtherPicture;
  #colours: MarkColours;
  /** What is compared with in what is shown, where that is the difference. */
  #against: MaskChoice | undefined;
  /** The declaration that was shown last; none since the page was loaded: an empty text. Its camera came along. */
  #shownLast = '';
  /** Resolves when the first picture is complete, or there is none to wait for. */
  readonly first: Promise<void>;
  #firstIsThere: () => void = () => {};
  /** Parts that stand out in what is shown. */
  #lit = '';
  #settling: ReturnType<typeof setTimeout> | undefined;
  /** What rounding has left of the factors by which the camera was zoomed. */
  #zoomed: { readonly camera: Camera | null; readonly left: number } = { camera: null, left: 1 };

  constructor(page: PageServices) {
    const { store } = page;
    this.#page = page;
    this.first = new Promise(resolve => {
      this.#firstIsThere = resolve;
      setTimeout(resolve, LONGEST_FIRST_MS);
    });
    this.#colours = markColours(store.state.palette);
    this.#marks.className = 'marks';
    this.#marks.tabIndex = 0;
    // Not an image: it takes arrow keys and the zoom keys.
    this.#marks.setAttribute('role', 'application');
    this.#view = new MaskView(new TileWorker(page.workers), {
      painted: () => this.#drawMarks(),
      completed: ({ choice, against }, approximate) => {
        if (!('pictures' in this.#marks.dataset)) performance.mark('sparse/shown');
        this.#firstIsThere();
        // Tells tests and assistive tools that what is on the canvas is this mask.
        this.#marks.dataset.shown = `${choice.model.name} ${choice.tokens}`;
        this.#marks.dataset.against = against?.model.name ?? '';
        this.#marks.dataset.pictures = String(Number(this.#marks.dataset.pictures ?? 0) + 1);
        store.update({ approximate });
        // Looking for a graphics device takes time that the first picture need not wait for.
        this.#view.choose(store.state.renderer);
        this.#settle(choice, REST_MS);
      },
      failed: error => {
        store.update({ drawProblem: messageOf(error) });
        this.#firstIsThere();
        this.#settle(shownOf(store.state)?.choice, REST_MS);
      },
    });
    this.#minimap = new Minimap(cell =>
      this.#lookFrom(camera => centredOn(camera, cell, this.#extent, this.#view.size)),
    );
    this.#tiles = new TileOverlay(new LatestWorker(page.workerUrl), () => this.#view.paintSoon());
    this.#other = new OtherPicture(page, this);
    listen(this.#marks, this);
    store.subscribe((state, before) => {
      if (state.palette !== before.palette) this.#colours = markColours(state.palette);
      if (
        state.palette !== before.palette ||
        shownOf(state)?.choice !== shownOf(before)?.choice ||
        differenceOf(state)?.choice !== this.#against ||
        String(partsStandingOut(state)) !== this.#lit
      )
        this.#show();
      if (state.renderer !== before.renderer) this.#view.choose(state.renderer);
      if (state.camera !== before.camera) this.#view.look(state.camera);
      else if (overPicture.some(name => state[name] !== before[name])) this.#view.paintSoon();
    });
    if (store.state.renderer !== 'auto') this.#view.choose(store.state.renderer);
    this.#view.look(store.state.camera);
    this.#show();
  }

  template(state: State): TemplateResult {
    this.#marks.setAttribute('aria-label', description(state));
    const stale = state.stale !== null || state.drawProblem !== null || shownOf(state)?.problem;
    const other = this.#other.template(state);
    return html`<div class="picture ${stale ? 'stale' : ''}">
      <div class="masks">
      <div class="mask">
        ${this.#view.element} ${this.#page.overPicture.map(({ canvas }) => canvas)} ${this.#marks} ${this.#minimap.canvas}
        <span class="axis keys" aria-hidden="true">keys j →</span>
        <span class="axis queries" aria-hidden="true">queries i →</span>
        ${other === null ? nothing : html`<span class="caption" aria-hidden="true">${comparedNames(state)[0]}</span>`}
      </div>
      ${other ?? nothing}
      </div>
      <div class="readout">
        <span class="pointed">${
          state.cellProblem === null
            ? readout(state, state.pointed ?? state.cell)
            : html`<span class="problem" role="alert">${state.cellProblem}</span>`
        }</span>
        <span class="visually-hidden" aria-live="polite">${state.cell === null ? '' : readout(state, state.cell)}</span>
        <vscode-textfield
          id="cell"
          .label=${'Go to query i and key j'}
          placeholder="i, j"
          title="Go to query i and key j (G, or a digit in the picture)"
          ?invalid=${state.cellProblem !== null}
          @change=${(event: Event) => this.#goTo(event.target as HTMLInputElement)}
          @input=${() => this.#page.store.update({ cellProblem: null })}
          @keydown=${(event: KeyboardEvent) => {
            if (event.key === 'Escape') this.#leaveField(event.currentTarget as HTMLInputElement);
          }}
        ></vscode-textfield>
      </div>
    </div>`;
  }

  /** The page was drawn for the first time: the picture has a size now. */
  placed(): void {
    this.#view.measure();
  }

  zoom(factor: number): void {
    const { width, height } = this.#view.size;
    const { camera } = this.#view;
    const { cell } = this.#page.store.state;
    // About the cursor, which would soon be out of sight otherwise; where it is out of sight, about the middle.
    const x = cell === null ? -1 : (cell.column + 0.5 - camera.column) / camera.scale;
    const y = cell === null ? -1 : (cell.row + 0.5 - camera.row) / camera.scale;
    const isInSight = x >= 0 && y >= 0 && x < width && y < height;
    this.zoomAt(factor, isInSight ? x : width / 2, isInSight ? y : height / 2);
    // One at the edge grows beyond it.
    if (cell !== null && isInSight) this.#lookFrom(now => showing(now, cell, this.#extent, this.#view.size));
  }

  fit(): void {
    this.#page.store.update({ camera: null });
  }

  panBy(dx: number, dy: number): void {
    this.#lookFrom(camera => pan(camera, dx, dy, this.#extent, this.#view.size));
  }

  zoomAt(factor: number, x: number, y: number): void {
    const before = this.#view.camera;
    // Small turns of the wheel add up until they make a step.
    const wanted = factor * (before === this.#zoomed.camera ? this.#zoomed.left : 1);
    this.#lookFrom(camera => zoomAbout(camera, wanted, x, y, this.#extent, this.#view.size));
    const after = this.#view.camera;
    const left = (wanted * after.scale) / before.scale;
    this.#zoomed = { camera: after, left: Math.abs(Math.log(left)) < LARGEST_LEFT ? left : 1 };
  }

  point(at: { readonly x: number; readonly y: number } | undefined): void {
    const cell = at && cellAt(this.#view.camera, at.x, at.y, this.#extent);
    const { pointed } = this.#page.store.state;
    if (cell?.row === pointed?.row && cell?.column === pointed?.column) return;
    this.#page.store.update({ pointed: cell ?? null });
  }

  pick(x: number, y: number): void {
    const cell = cellAt(this.#view.camera, x, y, this.#extent);
    this.#page.store.update({ cell: cell ?? null, cellProblem: null });
    this.reveal();
  }

  step(rows: number, columns: number): void {
    const { cell } = this.#page.store.state;
    // The first key shows where the cursor is: in the middle of what is in sight.
    if (cell === null) {
      this.#select(this.#middle());
      return;
    }
    const cells = Math.max(1, Math.ceil(this.#view.camera.scale));
    this.#select({ row: cell.row + rows * cells, column: cell.column + columns * cells });
  }

  jump(to: 'first' | 'last', whole: boolean): void {
    const { queries, keys } = this.#extent;
    const row = whole ? (to === 'first' ? 0 : queries - 1) : (this.#page.store.state.cell ?? this.#middle()).row;
    this.#select({ row, column: to === 'first' ? 0 : keys - 1 });
  }

  page(screens: number): void {
    const rows = Math.max(1, Math.floor(this.#view.size.height * this.#view.camera.scale));
    const { row, column } = this.#page.store.state.cell ?? this.#middle();
    this.#select({ row: row + screens * rows, column });
  }

  reveal(): void {
    const { state } = this.#page.store;
    const span = state.cell === null ? undefined : litBy(state, state.cell)[0]?.span;
    if (span !== undefined) this.#page.send({ type: 'reveal', span, focus: false });
  }

  leave(): void {
    this.#page.store.update({ cell: null });
  }

  askCell(typed: string): void {
    const field = document.querySelector<HTMLInputElement & HTMLElement>('#cell');
    if (field === null) return;
    field.value = typed;
    field.focus();
  }

  get #extent(): Extent {
    return this.#view.extent;
  }

  #goTo(field: HTMLInputElement): void {
    const shape = shownOf(this.#page.store.state)?.bound?.shape;
    // Whoever deletes what was typed does not want to go anywhere.
    if (shape === undefined || field.value.trim() === '') return;
    const cell = parseCell(field.value, parsePosition);
    const cellProblem = cell === undefined ? 'Write a query and a key, e.g. 12, 3.' : missingCell(cell, shape);
    if (cell === undefined || cellProblem !== null) {
      this.#page.store.update({ cellProblem });
      return;
    }
    this.#select({ row: cell.row - shape.offset, column: cell.column });
    this.#leaveField(field);
  }

  #leaveField(field: HTMLInputElement): void {
    field.value = '';
    this.#page.store.update({ cellProblem: null });
    this.#marks.focus();
  }

  #middle(): Cell {
    const { width, height } = this.#view.size;
    const { camera } = this.#view;
    return {
      row: Math.floor(camera.row + (height / 2) * camera.scale),
      column: Math.floor(camera.column + (width / 2) * camera.scale),
    };
  }

  /** Puts the cursor on the nearest cell that there is, and that into sight. */
  #select({ row, column }: Cell): void {
    const { queries, keys } = this.#extent;
    const cell = {
      row: Math.min(queries - 1, Math.max(0, row)),
      column: Math.min(keys - 1, Math.max(0, column)),
    };
    this.#page.store.update({ cell });
    this.#lookFrom(camera => showing(camera, cell, this.#extent, this.#view.size));
  }

  #lookFrom(move: (camera: Camera) => Camera): void {
    const before = this.#view.camera;
    const camera = move(before);
    if (camera !== before) this.#page.store.update({ camera });
  }

  #show(): void {
    const { store } = this.#page;
    const shown = shownOf(store.state);
    if (!shown?.bound) {
      if (shown !== null) this.#firstIsThere();
      this.#settle(shown?.choice, REST_MS);
      return;
    }
    const { queries, tokens } = shown.bound.shape;
    const { queries: rows, keys } = this.#extent;
    const { parts } = shown.bound;
    const { palette } = store.state;
    this.#lit = String(partsStandingOut(store.state));
    this.#against = differenceOf(store.state)?.choice;
    this.#view.show(
      this.#against === undefined
        ? { choice: shown.choice, palette: highlighted(palette, parts, partsStandingOut(store.state)) }
        : { choice: shown.choice, palette: differencePalette(palette), against: this.#against },
      { queries, keys: tokens },
    );
    this.#settle(shown.choice, LONGEST_MS);
    // Another size has another whole, and other cells; another declaration brings its own.
    const { uri, name, next } = store.state;
    const now = next === null ? JSON.stringify([uri, name]) : this.#shownLast;
    const resized = this.#shownLast === now && (rows !== queries || keys !== tokens);
    this.#shownLast = now;
    store.update({ drawProblem: null, ...(resized && { camera: null, cell: null, pointed: null }) });
  }

  /** Says that there is time for the rest about this mask, after a while in which it is not replaced by another. */
  #settle(choice: MaskChoice | undefined, after: number): void {
    const { store } = this.#page;
    if (choice === undefined || store.state.settled === choice) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      if (shownOf(store.state)?.choice === choice) store.update({ settled: choice });
    }, after);
  }

  #drawMarks(): void {
    const { size, camera } = this.#view;
    const { state } = this.#page.store;
    const canvas = this.#marks;
    if (canvas.width !== size.width) canvas.width = size.width;
    if (canvas.height !== size.height) canvas.height = size.height;
    const context = canvas.getContext('2d');
    if (context === null) return;
    const shown = shownOf(state);
    const choice = shown?.choice;
    const place = { camera, size, extent: this.#extent };
    for (const over of this.#page.overPicture) over.draw(place, () => this.#view.paintSoon());
    drawMarks(context, {
      camera,
      size,
      extent: this.#extent,
      pointed: state.pointed,
      selected: state.cell,
      bound: shown?.bound ?? null,
      tiles: choice ? this.#tiles.marks(choice, state.overlayTile, camera, this.#extent, size) : null,
      way: state.way !== null && 'answer' in state.way ? (state.way.answer ?? []) : [],
      colours: this.#colours,
    });
    drawField(context, fieldShown(state), { camera, size, extent: this.#extent, colours: this.#colours });
    this.#minimap.draw(this.#view.overview, { ...place, cell: state.cell }, this.#colours.cursor);
  }
}

/** Why a mask has no such query or key, or null. */
function missingCell({ row, column }: Cell, { offset, queries, tokens }: Shape): string | null {
  if (row < offset || row >= offset + queries)
    return `There is no query ${count(row)}: i goes from ${count(offset)} to ${count(offset + queries - 1)}.`;
  if (column >= tokens) return `There is no key ${count(column)}: j goes from 0 to ${count(tokens - 1)}.`;
  return null;
}

/** A position as the language writes numbers; positions begin at 0. */
function parsePosition(text: string): number | undefined {
  return /^[0_]+$/.test(text) ? 0 : parseTokens(text);
}
