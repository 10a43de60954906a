import { expect, it } from 'vitest';
import { previewState } from '../../../client/preview/preview-state.ts';
import { savedPage } from '../../../client/webview/kept-state.ts';
import { initialState } from '../../../client/webview/state.ts';

const shown = { id: 'one', uri: 'file:///a.sparse', name: 'a' };

it('is what the page kept', () => {
  for (const lock of [null, 'file', 'pattern'] as const) {
    const kept = savedPage({ ...initialState(undefined), ...shown, lock });
    expect(previewState(JSON.parse(JSON.stringify(kept)))).toEqual({ version: 2, ...shown, lock });
  }
});

it('of an older version, in which each file had its preview, is that of its file', () => {
  expect(previewState({ version: 2, uri: shown.uri, name: 'a' })).toEqual({
    version: 2,
    ...shown,
    id: '',
    lock: 'file',
  });
  expect(previewState({ version: 2, uri: shown.uri, name: null })).toMatchObject({ name: null, lock: 'file' });
  // Its page may be hidden again before it is told an id.
  const kept = savedPage({ ...initialState(undefined), ...shown, id: null });
  expect(previewState(JSON.parse(JSON.stringify(kept)))).toMatchObject({ id: '', uri: shown.uri });
});

it('is nothing where nothing of it is understood', () => {
  for (const strange of [undefined, null, 7, {}, { uri: 7 }]) expect(previewState(strange)).toBeUndefined();
});
