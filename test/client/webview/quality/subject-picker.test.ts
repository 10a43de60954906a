import { beforeEach, describe, expect, test } from 'vitest';
import type { ToHost, ToPage } from '../../../../client/preview/messages.ts';
import type { PageServices } from '../../../../client/webview/page-services.ts';
import { pickThen } from '../../../../client/webview/quality/subject-picker.ts';
import { received } from '../../../../client/webview/receive.ts';
import { initialState, type State } from '../../../../client/webview/state.ts';
import { Store } from '../../../../client/webview/store.ts';

let store: Store<State>;
let sent: ToHost[];
/** Who went on. */
let went: string[];

const file = () => ({ uri: 'file:///x.npz', name: 'x.npz', bytes: new Uint8Array(4) });

function tell(...messages: readonly ToPage[]): void {
  for (const message of messages) store.update(state => received(message, state));
}

function picker(name: string) {
  const page = { store, send: (message: ToHost) => sent.push(message) } as unknown as PageServices;
  return pickThen(page, () => went.push(name));
}

beforeEach(() => {
  store = new Store<State>(initialState(undefined));
  sent = [];
  went = [];
});

describe('who asked the user to pick', () => {
  test('goes on once with what was picked, also when it is the same file again', () => {
    const pick = picker('search');
    for (const times of [1, 2]) {
      pick('tensors');
      tell({ type: 'tensors', file: file() }, { type: 'pickEnded' });
      expect(went).toHaveLength(times);
      tell({ type: 'tensors', file: file() });
      expect(went).toHaveLength(times);
    }
    expect(sent).toEqual([{ type: 'pickTensors' }, { type: 'pickTensors' }]);
  });

  test('does not go on with what is read for others after the dialog was closed, or nothing could be read', () => {
    const pick = picker('search');
    for (const answer of [[], [{ type: 'noTensors', problem: 'gone' }]] as const) {
      pick('tensors');
      tell(...answer, { type: 'pickEnded' });
      tell({ type: 'tensors', file: file() });
    }
    expect(went).toEqual([]);
  });

  test('is whoever asked last', () => {
    const [first, second] = [picker('first'), picker('second')];
    first('model');
    second('model');
    const files = { name: 'lm', configuration: '', weights: new Uint8Array(), text: new Uint8Array() };
    tell({ type: 'languageModel', files }, { type: 'pickEnded' });
    expect(went).toEqual(['second']);
  });
});
