import { describe, expect, it } from 'vitest';
import { savedState } from '../../../client/webview/saved-state.ts';

describe('savedState', () => {
  it('understands nothing but its own version', () => {
    for (const strange of [undefined, null, 7, 'x', {}, { version: 2, uri: 'a' }, { version: 1 }])
      expect(savedState(strange)).toBeUndefined();
  });

  it('fills in what an older page did not save', () => {
    expect(savedState({ version: 1, uri: 'file:///a.sparse' })).toEqual({
      version: 1,
      uri: 'file:///a.sparse',
      name: null,
      tokens: null,
      layer: 0,
      head: 0,
      camera: null,
      model: null,
      runs: [],
      allHeads: false,
      runOn: 'gpu',
    });
  });
});
