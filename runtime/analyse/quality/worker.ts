// Runs inside a worker (browser or Node): looks at query rows that the main thread sends.
import { curveSizes } from './curve.ts';
import type { FromSurveyWorker, ToSurveyWorker } from './messages.ts';
import { RowKernel } from './row-kernel.ts';
import type { SurveyedKeys } from './survey.ts';
import { surveyRows } from './survey-rows.ts';

/** What both kinds of workers offer; the Node adapter supplies it where it is missing. */
interface WorkerScope {
  onmessage: ((event: { readonly data: ToSurveyWorker }) => void) | null;
  postMessage(message: FromSurveyWorker, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;

let kernel: RowKernel | undefined;
let head: Omit<SurveyedKeys, 'k'> | undefined;

scope.onmessage = ({ data }) => {
  receive(data).catch((error: unknown) => {
    scope.postMessage({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
  });
};

async function receive(message: ToSurveyWorker): Promise<void> {
  if (message.type === 'load') {
    kernel = await RowKernel.open(message.wasm);
    scope.postMessage({ type: 'ready' });
    return;
  }
  if (kernel === undefined) throw new Error('The worker got work before its kernel.');
  if (message.type === 'head') {
    const { k, ...rest } = message.head;
    head = rest;
    kernel.useKeys(k, rest.headDim, curveSizes(rest.keys));
    return;
  }
  if (head === undefined) throw new Error('The worker got rows before their head.');
  const steps = surveyRows(kernel, head, message.rows);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const totals = step.value;
  const { counts, masses, curve, distances } = totals;
  scope.postMessage({ type: 'surveyed', totals }, [counts.buffer, masses.buffer, curve.buffer, distances.buffer]);
}
