import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DrawingRequest, FromWorker, Inquiry, ToWorker } from '../../../client/webview/drawing-messages.ts';
import { Inquirer, type Question } from '../../../client/webview/inquirer.ts';
import { shownOf } from '../../../client/webview/shown.ts';
import { initialState, type State } from '../../../client/webview/state.ts';
import { Store } from '../../../client/webview/store.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

/** What workers were asked, `kind tokens`. */
let asked: string[] = [];
/** Milliseconds that an answer takes. */
let takes = 5;

/** Answers with the question, in a while. */
class EchoingWorker {
  onmessage: ((event: { data: FromWorker }) => void) | null = null;

  postMessage({ id, request }: ToWorker): void {
    const { kind, choice } = request as DrawingRequest & { kind: Inquiry };
    asked.push(`${kind} ${choice.tokens}`);
    setTimeout(() => this.onmessage?.({ data: { id, ok: true, answer: `${kind} ${choice.tokens}` } as never }), takes);
  }

  terminate(): void {
    this.onmessage = null;
  }
}

beforeEach(() => {
  asked = [];
  takes = 5;
  vi.stubGlobal('Worker', EchoingWorker);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function pageWith(questions: readonly Question[], folded: readonly string[]): Promise<Store<State>> {
  const model = await createLanguage(NO_FILES).lowerExpression('sliding(4)');
  const store = new Store<State>({ ...initialState(undefined), model, tokens: 16, folded });
  new Inquirer(store, async () => 'worker.js').add(questions);
  return store;
}

/** As if the picture had been drawn. */
const settle = (store: Store<State>): void => store.update({ settled: shownOf(store.state)?.choice ?? null });
const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 60));
const FLOW_AND_FIT: readonly Question[] = [
  { kind: 'cost' },
  { kind: 'flow', sections: ['flow', 'charts'] },
  { kind: 'fit', sections: ['fit'] },
];

test('questions come one after the other, and again about another mask', async () => {
  const store = await pageWith(FLOW_AND_FIT, []);
  settle(store);
  await vi.waitFor(() => expect(store.state.answers.flow).toEqual({ answer: 'flow 16' }));
  store.update({ tokens: 32 });
  settle(store);
  await vi.waitFor(() => expect(store.state.answers.flow).toEqual({ answer: 'flow 32' }));
  expect(asked).toEqual(['cost 16', 'fit 16', 'flow 16', 'cost 32', 'fit 32', 'flow 32']);
});

test('nobody asks for a folded section until it is opened, and then about the mask that is shown', async () => {
  const store = await pageWith(FLOW_AND_FIT, ['flow', 'charts', 'fit']);
  settle(store);
  await vi.waitFor(() => expect(store.state.answers.cost).toEqual({ answer: 'cost 16' }));
  store.update({ tokens: 32 });
  settle(store);
  await pause();
  expect(asked).toEqual(['cost 16', 'cost 32']);
  // One of two sections that show the flow.
  store.update({ folded: ['flow', 'fit'] });
  await vi.waitFor(() => expect(store.state.answers.flow).toEqual({ answer: 'flow 32' }));
  await pause();
  expect(asked).toEqual(['cost 16', 'cost 32', 'flow 32']);
  // What is known is not asked again.
  store.update({ folded: ['fit'] });
  store.update({ folded: [] });
  await vi.waitFor(() => expect(store.state.answers.fit).toEqual({ answer: 'fit 32' }));
  expect(asked).toEqual(['cost 16', 'cost 32', 'flow 32', 'fit 32']);
});

test('nothing is asked before the picture is there, and an edit ends what is under way', async () => {
  const store = await pageWith(FLOW_AND_FIT, []);
  await pause();
  expect(asked).toEqual([]);
  takes = 60_000;
  settle(store);
  await vi.waitFor(() => expect(asked).toEqual(['cost 16']));
  takes = 5;
  store.update({ tokens: 32 });
  await pause();
  expect(asked).toEqual(['cost 16']);
  expect(store.state.answers.cost).toBeUndefined();
  settle(store);
  await vi.waitFor(() => expect(store.state.answers.flow).toEqual({ answer: 'flow 32' }));
  expect(asked).toEqual(['cost 16', 'cost 32', 'fit 32', 'flow 32']);
});

test('a mask that is back before its picture was missed is asked about again', async () => {
  const store = await pageWith(FLOW_AND_FIT, []);
  takes = 60_000;
  settle(store);
  await vi.waitFor(() => expect(asked).toEqual(['cost 16']));
  takes = 5;
  store.update({ tokens: 32 });
  store.update({ tokens: 16 });
  await vi.waitFor(() => expect(store.state.answers.flow).toEqual({ answer: 'flow 16' }));
  expect(asked).toEqual(['cost 16', 'cost 16', 'fit 16', 'flow 16']);
});
