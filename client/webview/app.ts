import { html, nothing, render, type TemplateResult } from 'lit';
import { LayeredMask } from '../../runtime/draw/layered-mask.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { MAX_TOKENS, type Shape } from '../../runtime/pattern/shape.ts';
import type { PreviewChoice, ToPage } from '../preview/messages.ts';
import { Analyses } from './analyses.ts';
import { costSection, flowSection } from './analysis-sections.ts';
import { LatestWorker, Superseded, workerUrl } from './drawing.ts';
import type { MaskChoice, Measurement } from './drawing-messages.ts';
import { count, parseTokens } from './format.ts';
import { host } from './host.ts';
import { MaskView } from './mask-view.ts';
import { Runs } from './runs.ts';
import { keptModel, type SavedState } from './saved-state.ts';
import { legend, numbers, runSection } from './side-sections.ts';
import { onThemeChange, surroundingsOfTheme } from './theme.ts';

/** The preview's page: what it knows, and how that is shown. */
export class App {
  readonly #root: HTMLElement;
  readonly #workerUrl: Promise<string>;
  readonly #pictures: LatestWorker;
  readonly #counts: LatestWorker;
  readonly #analyses: Analyses;
  readonly #runs: Runs;
  readonly #canvas = document.createElement('canvas');
  readonly #view: MaskView;

  #uri: string | null;
  #choices: readonly PreviewChoice[] = [];
  #selected: string | null;
  #defaultTokens = 1024;
  #model: Model | null;
  /** Length picked by the user; null follows the model or the setting. */
  #tokens: number | null;
  /** The only length that a bare pattern has, where it has just one. */
  #ownTokens: number | null = null;
  #layer: number;
  #head: number;
  #tokensProblem: string | null = null;
  /** Why the picture is not that of the file's text, or null. */
  #stale: { readonly message: string; readonly line: number | null } | null = null;
  /** Why this mask cannot be shown. */
  #failure: string | null = null;
  /** Why this mask cannot be counted; its picture may be fine. */
  #countFailure: string | null = null;
  #measurement: Measurement | null = null;
  /** Are the numbers on the page still those of an earlier mask? */
  #counting = false;
  #approximate = false;
  #pointed = '';
  #probe: { readonly mask: LayeredMask; readonly labels: readonly string[]; readonly shape: Shape } | null = null;

  constructor(root: HTMLElement, saved: SavedState | undefined) {
    this.#root = root;
    this.#workerUrl = workerUrl(root.dataset.worker ?? '');
    this.#pictures = new LatestWorker(this.#workerUrl);
    this.#counts = new LatestWorker(this.#workerUrl);
    this.#analyses = new Analyses(this.#workerUrl, () => this.#render());
    this.#runs = new Runs(this.#workerUrl, saved, () => {
      this.#save();
      this.#render();
    });
    this.#canvas.tabIndex = 0;
    // Not an image: it takes arrow keys and the zoom keys.
    this.#canvas.setAttribute('role', 'application');
    this.#view = new MaskView(this.#canvas, {
      cameraChanged: () => {
        void this.#draw();
        this.#save();
      },
      cellPointed: cell => this.#point(cell),
    });
    this.#uri = saved?.uri ?? null;
    this.#selected = saved?.name ?? null;
    this.#model = saved?.model ?? null;
    this.#tokens = saved?.tokens ?? null;
    this.#layer = saved?.layer ?? 0;
    this.#head = saved?.head ?? 0;
    onThemeChange(() => void this.#draw());
    this.#render();
    if (this.#model !== null) this.#maskChanged();
    if (saved?.camera) this.#view.restore(saved.camera);
  }

  receive(message: ToPage): void {
    switch (message.type) {
      case 'file':
        this.#uri = message.uri;
        this.#choices = message.choices;
        this.#selected = message.selected;
        if (this.#defaultTokens !== message.defaultTokens) {
          this.#defaultTokens = message.defaultTokens;
          this.#maskChanged();
        }
        break;
      case 'model': {
        this.#stale = null;
        // Another pattern brings its own length; an edit of the same one keeps what the user picked.
        if (this.#model?.name !== message.model.name) this.#tokens = null;
        const changed = JSON.stringify(this.#model) !== JSON.stringify(message.model);
        this.#model = message.model;
        this.#ownTokens = changed ? null : this.#ownTokens;
        if (changed || this.#measurement === null) this.#maskChanged();
        break;
      }
      case 'stale':
        this.#stale = { message: message.message, line: message.line };
        break;
      case 'run':
        this.#run();
        break;
    }
    this.#save();
    this.#render();
  }

  /** Length that the user picked, or null. */
  get tokens(): number | null {
    return this.#tokens;
  }

  get #choice(): MaskChoice | null {
    const model = this.#model;
    if (model === null) return null;
    return {
      model,
      tokens: this.#tokens ?? model.tokens ?? this.#ownTokens ?? this.#defaultTokens,
      layer: Math.min(this.#layer, model.layers - 1),
      head: Math.min(this.#head, model.heads - 1),
    };
  }

  /** Everything that depends on which mask is shown. */
  #maskChanged(): void {
    const choice = this.#choice;
    if (choice === null) return;
    this.#failure = null;
    this.#countFailure = null;
    this.#probe = null;
    try {
      const shape = shapeAt(choice.model, choice.layer, choice.head, choice.tokens);
      this.#view.setExtent({ queries: shape.queries, keys: shape.tokens });
      const pattern = patternAt(choice.model, choice.layer, choice.head);
      if (pattern !== undefined) {
        const { mask, parts } = LayeredMask.of(pattern, shape);
        this.#probe = { mask, labels: parts.map(part => part.label), shape };
      }
    } catch (error) {
      if (
        error instanceof PatternError &&
        error.neededTokens !== undefined &&
        this.#tokens === null &&
        this.#ownTokens === null &&
        choice.model.tokens === null
      ) {
        // A grid or a mask file says itself how long its sequence is.
        this.#ownTokens = error.neededTokens;
        this.#maskChanged();
        return;
      }
      this.#failure = messageOf(error);
    }
    this.#point(undefined);
    host.postMessage({
      type: 'view',
      view: { name: choice.model.name, tokens: choice.tokens, layer: choice.layer, head: choice.head },
    });
    if (this.#failure === null) {
      void this.#draw();
      void this.#measure(choice);
      void this.#analyses.start(choice);
    }
    this.#save();
    this.#render();
  }

  async #draw(): Promise<void> {
    const choice = this.#choice;
    const { width, height } = this.#view.size;
    if (choice === null || this.#failure !== null || width <= 1 || height <= 1) return;
    try {
      const picture = await this.#pictures.ask({
        kind: 'draw',
        choice,
        view: { ...this.#view.camera, width, height },
        surroundings: surroundingsOfTheme(),
      });
      this.#view.show(picture);
      // Tells tests and assistive tools that what is on the canvas is this mask.
      this.#canvas.dataset.shown = `${choice.model.name} ${choice.tokens}`;
      if (this.#approximate !== picture.approximate) {
        this.#approximate = picture.approximate;
        this.#point(undefined);
      }
    } catch (error) {
      // A question about an earlier mask says nothing about this one.
      if (error instanceof Superseded || !sameChoice(choice, this.#choice)) return;
      this.#failure = messageOf(error);
      this.#render();
    }
  }

  async #measure(choice: MaskChoice): Promise<void> {
    // Irregular masks take seconds; numbers of the mask before must not pass for those of this one.
    const slow = setTimeout(() => {
      this.#counting = true;
      this.#render();
    }, 300);
    try {
      const measurement = await this.#counts.ask({ kind: 'measure', choice });
      if (!sameChoice(choice, this.#choice)) return;
      this.#measurement = measurement;
      this.#counting = false;
      this.#render();
    } catch (error) {
      if (error instanceof Superseded || !sameChoice(choice, this.#choice)) return;
      this.#measurement = null;
      this.#counting = false;
      this.#countFailure = messageOf(error);
      this.#render();
    } finally {
      clearTimeout(slow);
    }
  }

  #point(cell: { row: number; column: number } | undefined): void {
    let text = this.#approximate ? '≈ The picture shows densities of sampled rows; zoom in for exact cells.' : '';
    if (cell !== undefined && this.#probe !== null) {
      const { mask, labels, shape } = this.#probe;
      const by: string[] = [];
      mask.word(shape.offset + cell.row, cell.column, 1, part => by.push(labels[part] ?? ''));
      const i = shape.offset + cell.row;
      text = `i = ${count(i)}, j = ${count(cell.column)}: ${by.length === 0 ? 'not attended' : `attended by ${by[0]}`}`;
    }
    if (text === this.#pointed) return;
    this.#pointed = text;
    this.#render();
  }

  #run(): void {
    const choice = this.#choice;
    if (choice === null || this.#runs.underWay || this.#failure !== null) return;
    if (this.#stale !== null || choice.model.name !== this.#selected) {
      // What the page still shows is not what was asked for.
      this.#runs.refuse(`Nothing ran: ${this.#stale?.message ?? `${this.#selected} is not there yet.`}`);
      return;
    }
    void this.#runs.start(choice).then(summary => {
      if (summary !== undefined) host.postMessage({ type: 'ran', backend: summary.backend, device: summary.device });
    });
    // In a narrow panel the outcome would appear below what is in sight.
    this.#root.querySelector('.run')?.scrollIntoView({ block: 'nearest' });
  }

  #setTokens(text: string): void {
    const value = parseTokens(text);
    if (value === undefined) this.#tokensProblem = 'n must be a whole number of at least 1, e.g. 4096 or 64Ki.';
    else if (value > MAX_TOKENS) this.#tokensProblem = `n can be at most ${count(MAX_TOKENS)}.`;
    else {
      this.#tokensProblem = null;
      this.#tokens = value;
      this.#maskChanged();
      // A bare pattern is the same at every length; a model may say its queries or rules in terms of n.
      if (this.#model?.kind === 'model') host.postMessage({ type: 'tokens', tokens: value });
    }
    this.#render();
  }

  #scaleTokens(factor: number): void {
    const tokens = this.#choice?.tokens ?? this.#defaultTokens;
    this.#setTokens(String(Math.min(MAX_TOKENS, Math.max(1, Math.floor(tokens * factor)))));
  }

  #save(): void {
    if (this.#uri === null) return;
    host.setState({
      version: 1,
      uri: this.#uri,
      name: this.#selected,
      tokens: this.#tokens,
      layer: this.#layer,
      head: this.#head,
      camera: this.#view.fitted ? null : this.#view.camera,
      model: keptModel(this.#model),
      ...this.#runs.saved,
    });
  }

  #render(): void {
    render(this.#template(), this.#root);
  }

  #template(): TemplateResult {
    const measured = this.#measurement;
    const choice = this.#choice;
    this.#canvas.setAttribute('aria-label', this.#description());
    const canRun = choice !== null && this.#failure === null;
    return html`
      ${this.#toolbar()} ${this.#badges()}
      <div class="content">
        <div class="picture ${this.#stale !== null || this.#failure !== null ? 'stale' : ''}">
          ${this.#canvas}
          <span class="axis keys" aria-hidden="true">keys j →</span>
          <span class="axis queries" aria-hidden="true">queries i →</span>
          <div class="pointed" aria-live="off">${this.#pointed}</div>
        </div>
        <div class="side">
          ${this.#countFailure === null ? nothing : html`<p class="muted" role="status">Not counted: ${this.#countFailure}</p>`}
          ${this.#counting ? html`<p class="muted" role="status">Counting...</p>` : nothing}
          ${measured === null || 'estimate' in measured || this.#counting ? nothing : legend(measured, span => host.postMessage({ type: 'reveal', span }))}
          ${measured === null || this.#counting ? nothing : numbers(measured)}
          ${runSection(this.#runs.view(canRun, choice?.model.heads ?? 1), {
            run: () => this.#run(),
            cancel: () => this.#runs.cancel(),
            setRunOn: runOn => this.#runs.setRunOn(runOn),
            setAllHeads: all => this.#runs.setAllHeads(all),
          })}
          ${choice === null || this.#failure !== null ? nothing : [costSection(this.#analyses.cost), flowSection(this.#analyses.flow)]}
        </div>
      </div>
    `;
  }

  #toolbar(): TemplateResult {
    const choice = this.#choice;
    const model = choice?.model;
    return html`<div class="toolbar" role="toolbar" aria-label="Preview">
      <vscode-single-select
        class="declaration"
        label="Pattern or model"
        aria-label="Pattern or model"
        .value=${this.#selected ?? ''}
        @change=${(event: Event) => this.#select((event.target as HTMLSelectElement).value)}
      >
        ${this.#choices.map(
          ({ name, kind, problem }) =>
            html`<vscode-option value=${name} ?selected=${name === this.#selected} ?disabled=${problem !== null} description=${problem ?? kind}>${name}</vscode-option>`,
        )}
      </vscode-single-select>
      <span class="group">
        <label for="tokens">n</label>
        <vscode-textfield
          id="tokens"
          class="tokens"
          label="Tokens"
          .value=${String(choice?.tokens ?? '')}
          ?invalid=${this.#tokensProblem !== null}
          @change=${(event: Event) => this.#setTokens((event.target as HTMLInputElement).value)}
        ></vscode-textfield>
        <vscode-button secondary title="Half as many tokens" aria-label="Half as many tokens" @click=${() => this.#scaleTokens(0.5)}>÷2</vscode-button>
        <vscode-button secondary title="Twice as many tokens" aria-label="Twice as many tokens" @click=${() => this.#scaleTokens(2)}>×2</vscode-button>
      </span>
      ${
        model !== undefined && model.layers > 1
          ? this.#index('Layer', model.layers, choice?.layer ?? 0, value => {
              this.#layer = value;
            })
          : nothing
      }
      ${
        model !== undefined && model.heads > 1
          ? this.#index('Head', model.heads, choice?.head ?? 0, value => {
              this.#head = value;
            })
          : nothing
      }
      <span class="spring"></span>
      <span class="group">
        <vscode-button secondary title="Zoom out (-)" aria-label="Zoom out" @click=${() => this.#view.zoom(1 / 1.5)}>−</vscode-button>
        <vscode-button secondary title="Zoom in (+)" aria-label="Zoom in" @click=${() => this.#view.zoom(1.5)}>+</vscode-button>
        <vscode-button secondary title="Show the whole mask (0)" @click=${() => this.#view.fit()}>Fit</vscode-button>
        <vscode-button secondary title="Save the mask to a file" @click=${() => host.postMessage({ type: 'export' })}>Export...</vscode-button>
      </span>
    </div>`;
  }

  #index(name: string, size: number, value: number, set: (value: number) => void): TemplateResult {
    const id = name.toLowerCase();
    return html`<span class="group">
      <label for=${id}>${name.toLowerCase()}</label>
      <vscode-textfield
        id=${id}
        class="index"
        type="number"
        min="0"
        max=${size - 1}
        label=${`${name}, 0 to ${size - 1}`}
        .value=${String(value)}
        @change=${(event: Event) => {
          const wanted = Math.round(Number((event.target as HTMLInputElement).value));
          set(Math.min(size - 1, Math.max(0, Number.isFinite(wanted) ? wanted : 0)));
          this.#maskChanged();
        }}
      ></vscode-textfield>
    </span>`;
  }

  #badges(): TemplateResult {
    const stale = this.#stale;
    const line = stale === null || stale.line === null ? '' : `Line ${stale.line}: `;
    const kept = this.#model === null ? 'Nothing to show yet.' : 'Showing the last good version.';
    return html`
      ${stale === null ? nothing : html`<div class="badge" role="status"><strong>${kept}</strong><span>${line}${stale.message}</span></div>`}
      ${this.#tokensProblem === null ? nothing : html`<div class="badge error" role="alert">${this.#tokensProblem}</div>`}
      ${this.#failure === null ? nothing : html`<div class="badge error" role="alert"><strong>No picture.</strong><span>${this.#failure}</span></div>`}
    `;
  }

  #select(name: string): void {
    this.#selected = name;
    host.postMessage({ type: 'select', name });
    this.#save();
  }

  /** What a person who cannot see the canvas needs to know about it. */
  #description(): string {
    const choice = this.#choice;
    if (choice === null || this.#measurement === null) return 'Attention mask, not drawn yet';
    const keys = 'Arrow keys move, plus and minus zoom, 0 shows all.';
    if ('estimate' in this.#measurement) {
      const { estimate, tokens, queries } = this.#measurement;
      return `Attention mask of ${choice.model.name}, ${count(queries)} queries by ${count(tokens)} keys, about ${count(estimate.pairs)} pairs. ${keys}`;
    }
    const { statistics, parts } = this.#measurement;
    return `Attention mask of ${choice.model.name}, ${count(statistics.queries)} queries by ${count(statistics.tokens)} keys, ${count(statistics.pairs)} pairs: ${parts.map(part => part.label).join(', ')}. ${keys}`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function sameChoice(a: MaskChoice, b: MaskChoice | null): boolean {
  return b !== null && a.model === b.model && a.tokens === b.tokens && a.layer === b.layer && a.head === b.head;
}
