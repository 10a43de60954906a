import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DrawingRequest, FromWorker, Inquiry, ToWorker } from '../../../client/webview/drawing-messages.ts';
import { inquire, type Question } from '../../../client/webview/inquire.ts';
import { initialState, type State } from '../../../client/webview/state.ts';
import { Store } from '../../../client/webview/store.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

/** What workers were asked, `kind tokens`. */
let asked: string[] = [];

/** Answers with the question, in a while. */
class EchoingWorker {
  onmessage: ((event: { data: FromWorker }) => void) | null = null;

  postMessage({ id, request }: ToWorker): void {
    const { kind, choice } = request as DrawingRequest & { kind: Inquiry };
    asked.push(`${kind} ${choice.tokens}`);
    setTimeout(() => this.onmessage?.({ data: { id, ok: true, answer: `${kind} ${choice.tokens}` } as never }), 5);
  }

  terminate(): void {
    this.onmessage = null;
  }
}

beforeEach(() => {
  asked = [];
  vi.stubGlobal('Worker', EchoingWorker);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function pageWith(questions: readonly Question[], folded: readonly string[]): Promise<Store<State>> {
  const model = await createLanguage(NO_FILES).lowerExpression('sliding(4)');
  const store = new Store<State>({ ...initialState(undefined), model, tokens: 16, folded });
  inquire({ store, workerUrl: Promise.resolve('worker.js'), qualityScript: '', send: () => {} }, questions);
  return store;
}

const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 60));
const FLOW_AND_FIT: readonly Question[] = [
  { kind: 'cost' },
  { kind: 'flow', sections: ['flow', 'charts'] },
  { kind: 'fit', sections: ['fit'] },
];

test('questions come one after the other, and again about another mask', async () => {
  const store = await pageWith(FLOW_AND_FIT, []);
  await vi.waitFor(() => expect(store.state.answers.fit).toEqual({ answer: 'fit 16' }));
  store.update({ tokens: 32 });
  await vi.waitFor(() => expect(store.state.answers.fit).toEqual({ answer: 'fit 32' }));
  expect(asked).toEqual(['cost 16', 'flow 16', 'fit 16', 'cost 32', 'flow 32', 'fit 32']);
});

test('nobody asks for a folded section until it is opened, and then about the mask that is shown', async () => {
  const store = await pageWith(FLOW_AND_FIT, ['flow', 'charts', 'fit']);
  await vi.waitFor(() => expect(store.state.answers.cost).toEqual({ answer: 'cost 16' }));
  store.update({ tokens: 32 });
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
