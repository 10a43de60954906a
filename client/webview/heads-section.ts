import { html, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { Superseded } from './drawing.ts';
import { count } from './format.ts';
import { headGroups } from './head-groups.ts';
import { type HeadMasks, type MaskClass, type Run, runsOf, THUMBNAIL } from './heads.ts';
import type { MaskChoice } from './mask-choice.ts';
import { type PageServices, startWorker } from './page-services.ts';
import type { Section } from './sections/section.ts';
import { shownOf } from './shown.ts';
import { messageOf, type State } from './state.ts';

/** Small masks that are shown at a time. */
const MOST_SHOWN = 400;
/** Keys are chosen for so long to draw the masks of other heads. */
const SAMPLES_MS = 4000;

/** The masks of all layers and heads of a model, those alike side by side as one; a click shows one. */
export function headsSection(page: PageServices): Section {
  const { store } = page;
  const worker = startWorker(page);
  let asked: (Pick<State, 'model' | 'hidden' | 'palette'> & { readonly tokens: number }) | undefined;
  const ask = async (): Promise<void> => {
    const choice = shownOf(store.state)?.choice;
    if (choice === undefined || choice.model.layers * choice.model.heads === 1) return;
    if (store.state.settled !== choice) return;
    const { palette } = store.state;
    const { model, tokens, hidden } = choice;
    if (asked?.model === model && asked.tokens === tokens && asked.hidden === hidden && asked.palette === palette)
      return;
    asked = { model, tokens, hidden, palette };
    try {
      const answer = await worker.ask({ kind: 'heads', choice, palette });
      store.update({ heads: { answer } });
      await drawSamples(choice, palette, answer);
    } catch (error) {
      if (!(error instanceof Superseded)) store.update({ heads: { problem: messageOf(error) } });
    }
  };
  /** Draws what content chooses, one mask after the other, as far as the time goes. */
  const drawSamples = async (choice: MaskChoice, palette: State['palette'], masks: HeadMasks): Promise<void> => {
    const began = performance.now();
    let answer = masks;
    for (const [index, { layer, head, byContent, pixels }] of masks.classes.entries()) {
      if (!byContent || pixels !== null) continue;
      const drawn =
        performance.now() - began > SAMPLES_MS
          ? { pixels: null, byContent, problem: 'Too many masks are chosen by content to draw them all.' }
          : await worker.ask({ kind: 'sampleThumbnail', choice: { ...choice, layer, head }, palette });
      answer = { ...answer, classes: answer.classes.map((each, at) => (at === index ? { ...each, ...drawn } : each)) };
      store.update({ heads: { answer } });
    }
  };
  store.subscribe(() => void ask());
  void ask();
  return {
    id: 'heads',
    title: 'Layers and heads',
    content: state => {
      const choice = shownOf(state)?.choice;
      if (choice === undefined || state.heads === null) return null;
      const { layers, heads } = choice.model;
      if (layers * heads === 1) return null;
      if ('problem' in state.heads) return html`<p class="muted">${state.heads.problem}</p>`;
      const { answer } = state.heads;
      // Of the model before, for a moment.
      if (answer.classOf.length !== layers * heads) return null;
      // Hundreds of buttons are not looked at whenever the pointer moves.
      return html`${guard([answer, choice], () => all(page, answer, choice))}`;
    },
  };
}

function all(page: PageServices, masks: HeadMasks, choice: MaskChoice): TemplateResult {
  const runs = runsOf(masks, choice.model.layers, choice.model.heads);
  const cells = runs.layers.length * runs.heads.length;
  return cells > MOST_SHOWN ? list(page, masks, choice) : grid(page, masks, runs, choice);
}

function grid(
  page: PageServices,
  masks: HeadMasks,
  runs: ReturnType<typeof runsOf>,
  choice: MaskChoice,
): TemplateResult {
  const { layers, heads } = choice.model;
  return html`<table class="head-grid">
    <thead>
      <tr>
        <th scope="col"><span class="visually-hidden">Layers</span></th>
        ${runs.heads.map(run => html`<th scope="col">${heads === 1 ? '' : named('head', run)}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${runs.layers.map(
        rows => html`<tr>
          <th scope="row">${layers === 1 ? '' : named('layer', rows)}</th>
          ${merged(runs.heads, columns => masks.classOf[rows.from * heads + columns.from] ?? 0).map(
            ({ run, span, mask }) =>
              html`<td colspan=${span}>${cell(page, masks.classes[mask], rows, run, choice)}</td>`,
          )}
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** Neighbours of one row that have the same mask are one cell of the table. */
function merged(
  runs: readonly Run[],
  maskOf: (run: Run) => number,
): readonly { readonly run: Run; readonly span: number; readonly mask: number }[] {
  const cells: { run: Run; span: number; mask: number }[] = [];
  for (const run of runs) {
    const mask = maskOf(run);
    const last = cells.at(-1);
    if (last?.mask === mask) {
      last.run = { from: last.run.from, to: run.to };
      last.span++;
    } else cells.push({ run, span: 1, mask });
  }
  return cells;
}

function cell(
  page: PageServices,
  mask: MaskClass | undefined,
  layers: Run,
  heads: Run,
  { layer, head }: MaskChoice,
): TemplateResult {
  const isShown = layer >= layers.from && layer < layers.to && head >= heads.from && head < heads.to;
  const place = { layer: layers.from, head: heads.from, text: `${named('layer', layers)}, ${named('head', heads)}` };
  return button(page, mask, place, isShown);
}

/** Those that are alike as one, where a grid would be too large: of the whole model, or of the layer that is shown. */
function list(page: PageServices, masks: HeadMasks, { model, layer, head }: MaskChoice): TemplateResult {
  const { layers, heads } = model;
  const different = masks.classes.length;
  const only = different > MOST_SHOWN ? layer : null;
  const groups = headGroups(masks, layers, heads, only).slice(0, MOST_SHOWN);
  const shown = masks.classOf[layer * heads + head];
  return html`<p class="muted">${count(different)} different masks${only === null ? '' : `; of layer ${only}:`}</p>
    <ul class="head-list">
      ${groups.map(group => {
        const mask = masks.classes[group.mask];
        return html`<li>${button(page, mask, group, group.mask === shown)}<span aria-hidden="true">${group.text}</span></li>`;
      })}
    </ul>`;
}

function button(
  { store }: PageServices,
  mask: MaskClass | undefined,
  { layer, head, text }: { readonly layer: number; readonly head: number; readonly text: string },
  isShown: boolean,
): TemplateResult {
  const about = mask === undefined ? [] : [...(mask.byContent ? ['keys are chosen by content'] : []), mask.problem];
  const name = [text, ...about].filter(each => each !== null).join('. ');
  return html`<button
    type="button"
    aria-pressed=${isShown ? 'true' : 'false'}
    aria-label=${name}
    title=${name}
    @click=${() => store.update({ layer, head })}
  >
    ${mask === undefined || mask.pixels === null ? html`<span class="words">${wordsFor(mask)}</span>` : html`<img src=${addressOf(mask.pixels)} width=${THUMBNAIL} height=${THUMBNAIL} alt="" />`}
  </button>`;
}

/** What stands in the place of a picture that is not there, or not yet. */
function wordsFor(mask: MaskClass | undefined): string {
  if (mask?.byContent !== true) return 'no mask';
  return mask.problem === null ? 'choosing keys' : 'by content';
}

/** `head 3`, `heads 0..2`: half-open, as the language writes ranges. */
function named(one: string, { from, to }: Run): string {
  return to - from === 1 ? `${one} ${from}` : `${one}s ${from}..${to}`;
}

const addresses = new WeakMap<Uint8ClampedArray, string>();

function addressOf(pixels: Uint8ClampedArray<ArrayBuffer>): string {
  let address = addresses.get(pixels);
  if (address === undefined) {
    const canvas = document.createElement('canvas');
    canvas.width = THUMBNAIL;
    canvas.height = THUMBNAIL;
    canvas.getContext('2d')?.putImageData(new ImageData(pixels, THUMBNAIL, THUMBNAIL), 0, 0);
    address = canvas.toDataURL();
    addresses.set(pixels, address);
  }
  return address;
}
