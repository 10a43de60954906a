import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ToWorker } from '../../../client/webview/drawing-messages.ts';
import { findFields } from '../../../client/webview/field/find-fields.ts';
import { findWays } from '../../../client/webview/inspect.ts';
import type { PageServices } from '../../../client/webview/page-services.ts';
import { initialState, type State } from '../../../client/webview/state.ts';
import { Store } from '../../../client/webview/store.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

/** What workers were asked that have not been ended. */
let asked: string[];

/** Thinks for longer than anybody waits. */
class BusyWorker {
  postMessage({ request }: ToWorker): void {
    asked.push(request.kind);
  }

  terminate(): void {
    asked = [];
  }
}

beforeEach(() => {
  asked = [];
  vi.stubGlobal('Worker', BusyWorker);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([
  ['way', findWays],
  ['field', findFields],
] as const)('a %s that nobody wants any more is given up', async (kind, find) => {
  const model = await createLanguage(NO_FILES).lowerExpression('sliding(4)');
  const store = new Store<State>({ ...initialState(undefined), model, tokens: 16 });
  find({ store, workerUrl: async () => 'worker.js' } as unknown as PageServices);
  store.update({ cell: { row: 9, column: 2 } });
  await vi.waitFor(() => expect(asked).toEqual([kind]));
  store.update({ cell: null });
  expect(asked).toEqual([]);
  store.update({ cell: { row: 9, column: 3 } });
  await vi.waitFor(() => expect(asked).toEqual([kind]));
});
