import { describe, expect, it } from 'vitest';
import type { ToPage } from '../../../client/preview/messages.ts';
import { keptState, savedPage } from '../../../client/webview/kept-state.ts';
import { received } from '../../../client/webview/receive.ts';
import { initialState, type State } from '../../../client/webview/state.ts';
import { chosenIn, keptViews, switchTo } from '../../../client/webview/views.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const language = createLanguage(NO_FILES);
const A = 'file:///a.sparse';
const B = 'file:///b.sparse';

async function modelOf(name: string, text = 'sliding(4)'): Promise<Model> {
  return { ...(await language.lowerExpression(text)), name };
}

/** A page that was sent these messages. */
function sent(state: State, ...messages: readonly ToPage[]): State {
  let now = state;
  for (const message of messages) now = { ...now, ...received(message, now) };
  return now;
}

const fileOf = (uri: string, selected: string | null): ToPage => ({
  type: 'file',
  id: 'one',
  uri,
  fileName: uri,
  choices: selected === null ? [] : [{ name: selected, kind: 'pattern', problem: null }],
  selected,
  lock: null,
  defaultTokens: 64,
  renderer: 'canvas',
  runsInHost: false,
});
const model = async (name: string): Promise<ToPage> => ({
  type: 'model',
  version: 1,
  name,
  model: await modelOf(name),
  adjustables: [],
});
const stale: ToPage = { type: 'stale', version: 2, message: 'broken', line: 1 };

const chosen = { tokens: 99, layer: 0, head: 0, hidden: ['sliding(4)'], adjustments: { x: 3 } };
const camera = { row: 1, column: 2, scale: 0.5 };

/** Shows `mine` of the first file, with what a user may have chosen there. */
async function shownA(): Promise<State> {
  const state = sent(initialState(undefined), fileOf(A, 'mine'), await model('mine'));
  return { ...state, ...chosen, camera, cell: { row: 3, column: 3 } };
}

describe('another declaration', () => {
  it('is shown when its meaning is there; until then the picture is that of the one before', async () => {
    const before = await shownA();
    const asked = sent(before, { type: 'show', uri: B, name: 'mine' });
    expect(asked).toMatchObject({ uri: B, name: 'mine', ...chosen, camera, model: before.model });
    expect(chosenIn(asked)).toEqual({ uri: B, name: 'mine', tokens: null, adjustments: {} });
    // Asked twice, or of the file before: nothing.
    expect(sent(asked, { type: 'show', uri: B, name: 'mine' })).toEqual(asked);
    expect(sent(asked, await model('other'))).toEqual(asked);
    const there = sent(asked, fileOf(B, 'mine'), await model('mine'));
    expect(there).toMatchObject({
      uri: B,
      tokens: null,
      hidden: [],
      adjustments: {},
      camera: null,
      cell: null,
      next: null,
    });
    const kept = savedPage(asked);
    expect(kept).toMatchObject({ uri: B, name: 'mine', model: null, tokens: null, hidden: [] });
  });

  it('that is broken has no picture, and not that of the one before', async () => {
    const asked = sent(await shownA(), { type: 'show', uri: B, name: 'mine' }, stale);
    expect(asked).toMatchObject({ model: null, next: null, stale: { message: 'broken' } });
  });

  it('comes back at once with all that was chosen for it', async () => {
    const before = await shownA();
    const other = sent(before, { type: 'show', uri: B, name: 'mine' }, await model('mine'));
    const back = sent(other, { type: 'show', uri: A, name: 'mine' });
    expect(back).toMatchObject({
      uri: A,
      ...chosen,
      camera,
      cell: { row: 3, column: 3 },
      model: before.model,
      next: null,
    });
    expect(chosenIn(back)).toEqual({ uri: A, name: 'mine', tokens: 99, adjustments: { x: 3 } });
    expect(back.views.map(({ uri }) => uri)).toEqual([B]);
    // And over a reload.
    const reloaded = initialState(keptState(JSON.parse(JSON.stringify(savedPage(other)))));
    expect(sent(reloaded, { type: 'show', uri: A, name: 'mine' })).toMatchObject({ ...chosen, camera });
  });

  it('of the same file is one, too, and an edit is not', async () => {
    const before = await shownA();
    const edited = {
      ...((await model('mine')) as ToPage & { type: 'model' }),
      model: await modelOf('mine', 'sliding(5)'),
    };
    const adjustables = [{ id: 'x' }] as unknown as State['adjustables'];
    expect(sent(before, { ...edited, adjustables })).toMatchObject({ ...chosen, camera, model: edited.model });
    const other = { ...before, ...switchTo(before, A, 'other') };
    expect(other.next).toMatchObject({ name: 'other', tokens: null });
    expect(other.choices).toBe(before.choices);
  });

  it('is what follows next when the user goes on before anything came', async () => {
    const before = await shownA();
    const there = sent(
      before,
      { type: 'show', uri: B, name: 'x' },
      { type: 'show', uri: B, name: 'y' },
      await model('y'),
    );
    expect(there).toMatchObject({ uri: B, name: 'y', next: null });
    const back = sent(there, { type: 'show', uri: A, name: 'mine' });
    expect(back).toMatchObject({ ...chosen, camera });
  });

  it('is the same one under another name, or in another place', async () => {
    const before = await shownA();
    expect(sent(before, { type: 'renamed', uri: A, from: 'mine', to: 'ours' })).toMatchObject({
      name: 'ours',
      ...chosen,
      camera,
    });
    expect(sent(before, { type: 'renamed', uri: B, from: 'mine', to: 'ours' })).toEqual(before);
    const moved = sent(before, { type: 'moved', from: A, to: 'file:///c.sparse' });
    expect(moved).toMatchObject({ uri: 'file:///c.sparse', name: 'mine', ...chosen, camera, model: before.model });
    // The editor went there first.
    const ahead = sent(before, { type: 'show', uri: 'file:///c.sparse', name: 'mine' }, await model('mine'));
    expect(ahead.tokens).toBeNull();
    const caughtUp = sent(ahead, { type: 'moved', from: A, to: 'file:///c.sparse' });
    expect(caughtUp).toMatchObject({ uri: 'file:///c.sparse', ...chosen, camera });
    expect(caughtUp.views).toEqual([]);
  });
});

describe('what is kept of other declarations', () => {
  it('is a bounded number of them', async () => {
    let state = await shownA();
    for (let index = 0; index < 40; index++)
      state = sent(state, { type: 'show', uri: B, name: `p${index}` }, await model(`p${index}`));
    expect(state.views).toHaveLength(24);
    expect(state.views[0]?.name).toBe('p38');
  });

  it('is so many characters, without large models', async () => {
    const state = await shownA();
    const [view] = sent(state, { type: 'show', uri: B, name: 'x' }).views;
    const large = { ...view!, model: { ...(await modelOf('mine')), name: 'm'.repeat(2 ** 15) } };
    expect(keptViews([large])[0]).toMatchObject({ tokens: 99, camera, model: null });
    const long = { ...view!, hidden: ['x'.repeat(2 ** 16)] };
    expect(keptViews([long, long, long, long]).length).toBe(1);
    expect(keptViews([view!])).toEqual([view!]);
  });
});
