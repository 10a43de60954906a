import { html, nothing, type TemplateResult } from 'lit';
import { differencePalette, type OpaquePalette } from '../../../runtime/draw/palette.ts';
import type { Crop } from '../../../runtime/draw/picture.ts';
import { comparedNames, differenceOf } from '../compare/compared.ts';
import { count } from '../format.ts';
import type { Extent } from '../mask/camera.ts';
import type { PageServices } from '../page-services.ts';
import { startWorker } from '../page-services.ts';
import { ownState, type Section, setOwnState } from '../sections/section.ts';
import { shownOf } from '../shown.ts';
import { messageOf, type State } from '../state.ts';
import { fileName, inSight, type PictureChoice, paletteFor, typedSide, USUAL_CHOICE } from './picture-choice.ts';

const ID = 'save';

/** Saves the picture to a file, or copies it. */
export function pictureSection(page: PageServices): Section {
  const { store, send } = page;
  const worker = startWorker(page);
  const say = (saving: State['saving']): void => store.update({ saving });

  /** The file of the picture as it is now. */
  const make = async (format: PictureChoice['format']) => {
    const { state } = store;
    const shown = shownOf(state);
    if (!shown?.bound) throw new Error('There is no picture.');
    const { choice, bound } = shown;
    const kept = ownState(state, ID, USUAL_CHOICE);
    const against = differenceOf(state)?.choice;
    const extent = { queries: bound.shape.queries, keys: bound.shape.tokens };
    const crop = kept.part === 'whole' ? null : inSight(state.camera, sizeOfPicture(), extent);
    const names = against === undefined ? [choice.model.name] : comparedNames(state);
    const place = choice.model.layers * choice.model.heads > 1 ? `, layer ${choice.layer}, head ${choice.head}` : '';
    const { side, theme, legend } = kept;
    const coloursOf = (palette: OpaquePalette): OpaquePalette =>
      against === undefined ? palette : differencePalette(palette);
    const file = {
      ...{ format, side, crop, legend },
      palette: coloursOf(paletteFor(theme, state.palette)),
      title: `${names.join(' and ')}: ${sizeText(extent, crop)}${place}`,
    };
    const drawn = { choice, palette: coloursOf(state.palette), ...(against && { against }) };
    const bytes = await worker.ask({ kind: 'picture', drawn, choice: file });
    return { bytes, name: fileName(names, choice.tokens, crop) };
  };
  const save = async (): Promise<void> => {
    const { format } = ownState(store.state, ID, USUAL_CHOICE);
    say({ busy: true });
    try {
      const { bytes, name } = await make(format);
      send({ type: 'save', name, format, bytes });
      say(null);
    } catch (error) {
      say({ problem: messageOf(error) });
    }
  };
  const copy = async (): Promise<void> => {
    say({ busy: true });
    try {
      // The clipboard is asked within the click, and waits for the picture.
      const blob = make('png').then(({ bytes }) => new Blob([bytes], { type: 'image/png' }));
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
      say({ done: 'The picture is on the clipboard.' });
    } catch (error) {
      say({ problem: `The picture cannot be copied here (${messageOf(error)}). Save it to a file instead.` });
    }
  };
  return {
    id: ID,
    title: 'Picture',
    content: state => (shownOf(state)?.bound ? form(page, state, save, copy) : null),
  };
}

function form(page: PageServices, state: State, save: () => Promise<void>, copy: () => Promise<void>): TemplateResult {
  const kept = ownState(state, ID, USUAL_CHOICE);
  const set = (fields: Partial<PictureChoice>): void => setOwnState<PictureChoice>(page, ID, fields);
  const { saving } = state;
  const isBusy = saving !== null && 'busy' in saving;
  const pickSide = (text: string): void => {
    const typed = typedSide(text);
    if ('problem' in typed) page.store.update({ saving: typed });
    else {
      page.store.update({ saving: null });
      set({ side: typed.side });
    }
  };
  return html`<div class="choices">
      ${select('File', kept.format, { png: 'PNG', svg: 'SVG' }, format => set({ format }))}
      ${select('Colours', kept.theme, { shown: 'as shown', light: 'light', dark: 'dark' }, theme => set({ theme }))}
      ${select('What', kept.part, { whole: 'whole mask', 'in sight': 'what is in sight' }, part => set({ part }))}
      <span class="side-field"><vscode-textfield
        .label=${'Longer side in pixels'}
        title="Longer side in pixels"
        .value=${String(kept.side)}
        @change=${(event: Event) => pickSide((event.target as HTMLInputElement).value)}
      ></vscode-textfield> px</span>
      <vscode-checkbox
        .label=${'legend'}
        ?checked=${kept.legend}
        @change=${(event: Event) => set({ legend: (event.target as HTMLInputElement).checked })}
      ></vscode-checkbox>
    </div>
    <div class="actions">
      <vscode-button secondary ?disabled=${isBusy} title="Save the picture to a file" @click=${() => void save()}>Save...</vscode-button>
      <vscode-button secondary ?disabled=${isBusy} title="Copy the picture as PNG" @click=${() => void copy()}>Copy</vscode-button>
    </div>
    <p class=${saving !== null && 'problem' in saving ? 'problem' : 'muted'} role="status">${saving === null ? nothing : 'busy' in saving ? 'Drawing...' : 'done' in saving ? saving.done : saving.problem}</p>`;
}

function select<T extends string>(
  label: string,
  value: T,
  options: Readonly<Record<T, string>>,
  pick: (value: T) => void,
): TemplateResult {
  return html`<vscode-single-select
    label=${label}
    aria-label=${label}
    title=${label}
    .value=${value}
    @change=${(event: Event) => pick((event.target as HTMLSelectElement).value as T)}
  >
    ${(Object.entries(options) as [T, string][]).map(
      ([name, text]) => html`<vscode-option value=${name} ?selected=${name === value}>${text}</vscode-option>`,
    )}
  </vscode-single-select>`;
}

/** Device pixels of the picture on the page, to which the camera belongs. */
function sizeOfPicture(): { readonly width: number; readonly height: number } {
  const marks = document.querySelector<HTMLCanvasElement>('canvas.marks');
  return { width: marks?.width ?? 1, height: marks?.height ?? 1 };
}

/** `4,096 queries, 4,096 keys`, or the ranges that are shown of them. */
function sizeText({ queries, keys }: Extent, crop: Crop | null): string {
  const size = `${count(queries)} ${queries === 1 ? 'query' : 'queries'}, ${count(keys)} ${keys === 1 ? 'key' : 'keys'}`;
  if (crop === null) return size;
  const range = ([from, to]: readonly [number, number]): string => `${count(from)}..${count(to)}`;
  return `queries ${range(crop.rows)}, keys ${range(crop.keys)} of ${size}`;
}
