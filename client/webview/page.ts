import { html, render } from 'lit';
import type { StartedWorkers } from '../preview/first-script.ts';
import type { ToHost, ToPage } from '../preview/messages.ts';
import { followComparison } from './compare/follow-comparison.ts';
import { followContent } from './content/follow-content.ts';
import { findFields } from './field/find-fields.ts';
import { Inquirer } from './inquirer.ts';
import { findWays } from './inspect.ts';
import { type SavedPage, savedPage } from './kept-state.ts';
import type { PageServices } from './page-services.ts';
import { MaskPicture } from './picture.ts';
import { received } from './receive.ts';
import { goToSection, type Section, sectionList } from './sections/section.ts';
import { shownOf } from './shown.ts';
import { initialState, type KeptState, messageOf, type State } from './state.ts';
import { Store } from './store.ts';
import { onThemeChange, paletteOfTheme } from './theme.ts';
import { badges, toolbar } from './toolbar.ts';
import { chosenIn } from './views.ts';
import { workerUrlLater } from './worker-url.ts';

/** The extension, as the page sees it. */
export interface PageHost {
  postMessage(message: ToHost): void;
  setState(state: SavedPage): void;
}

/**
 * Sets up the page: a store, what computes from it, and a view that is drawn again in the next frame after a change.
 *
 * @param kept what the page knew when it was there the last time
 * @param workers what was started before the page's script was there
 * @returns takes the messages of the extension
 */
export function startPage(
  root: HTMLElement,
  host: PageHost,
  kept: KeptState | undefined,
  workers: StartedWorkers,
): (message: ToPage) => void {
  const store = new Store<State>({ ...firstState(root, kept), palette: paletteOfTheme() });
  onThemeChange(() => store.update({ palette: paletteOfTheme() }));
  const questions = workerUrlLater(root.dataset.questions ?? '');
  const page: PageServices = {
    store,
    workers,
    workerUrl: questions,
    computeScript: root.dataset.compute ?? '',
    overPicture: [],
    inquirer: new Inquirer(store, questions),
    send: message => host.postMessage(message),
  };
  const picture = new MaskPicture(page);
  findWays(page);
  findFields(page);
  followComparison(page);
  followContent(page);
  let sections: readonly Section[] = [];
  /** Why there are none, if that is so. */
  let missing = '';
  const draw = (): void => {
    const { model, stale } = store.state;
    render(
      html`<h1 class="visually-hidden">Preview of ${store.state.name ?? 'a pattern'}</h1>
        ${toolbar(page, picture)} ${badges(store.state)}
        <div class="content ${model === null && stale !== null ? 'nothing' : ''}">
          ${picture.template(store.state)}
          <div class="side">${missing === '' ? sectionList(page, sections) : html`<p role="alert">${missing}</p>`}</div>
        </div>`,
      root,
    );
  };
  const save = soon(() => {
    if (store.state.uri !== null) host.setState(savedPage(store.state));
  });
  let drawing = false;
  let wentTo = store.state.sectionAsked;
  const drawSoon = (): void => {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      draw();
      const { sectionAsked } = store.state;
      // Sections come after the picture.
      if (sections.length === 0) return;
      if (sectionAsked !== null && sectionAsked !== wentTo) goToSection(root, sectionAsked.id);
      wentTo = sectionAsked;
    });
  };
  store.subscribe((state, before) => {
    save();
    if (shownOf(state)?.choice !== shownOf(before)?.choice) tellView(page);
    // Moving the picture changes nothing around it.
    if (!isSameBut('camera', state, before)) drawSoon();
  });
  draw();
  picture.placed();
  // What stands beside the picture is not even looked at before the picture is there.
  void picture.first.then(async () => {
    try {
      const { makeSections } = await import('./beside-picture.ts');
      sections = makeSections.map(make => make(page));
    } catch (error) {
      missing = `What belongs beside the picture could not be loaded (${messageOf(error)}). Close this preview and open it again.`;
    }
    drawSoon();
  });
  host.postMessage({ type: 'ready', chosen: chosenIn(store.state) });
  // What came with the page is shown, too.
  tellView(page);
  return message => {
    store.update(state => received(message, state));
    const chosen = chosenIn(store.state);
    if ((message.type === 'show' || message.type === 'moved') && chosen !== null)
      host.postMessage({ type: 'select', chosen, byUser: false });
  };
}

/** What was kept, or what came with the page. */
function firstState(root: HTMLElement, kept: KeptState | undefined): State {
  const state = initialState(kept);
  // What the user chose may need another answer of the extension, which follows.
  if (kept !== undefined) return state;
  for (const message of JSON.parse(root.dataset.first ?? '[]') as readonly ToPage[])
    Object.assign(state, received(message, state));
  return state;
}

/** Moving the picture changes the state with every frame; what is kept is written at most so often. */
const SAVE_MS = 150;

/** Calls at once, and after further calls once more, when some time has passed. */
function soon(action: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const act = (): void => {
    again = false;
    action();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) act();
    }, SAVE_MS);
  };
  return () => {
    if (timer === undefined) act();
    else again = true;
  };
}

function isSameBut(field: keyof State, state: State, before: State): boolean {
  return (Object.keys(state) as (keyof State)[]).every(name => name === field || state[name] === before[name]);
}

/** Tells the extension what is shown: export and other commands take it over. */
function tellView({ store, send }: PageServices): void {
  const { state } = store;
  const choice = shownOf(state)?.choice;
  // What is shown until the next one is there is of no interest any more.
  if (choice === undefined || state.uri === null || state.next !== null) return;
  const { model, tokens, layer, head, hidden } = choice;
  send({ type: 'view', view: { uri: state.uri, name: model.name, tokens, layer, head, hidden } });
}
