// Runs inside a worker (browser or Node): chooses the keys of row blocks that the main thread sends.
import { chooseRows } from './choose-rows.ts';
import type { FromRowWorker, ToRowWorker } from './messages.ts';
import { RowKernel } from './row-kernel.ts';
import type { RowRequest } from './row-rule.ts';

/** What both kinds of workers offer; the Node adapter supplies it where it is missing. */
interface WorkerScope {
  onmessage: ((event: { readonly data: ToRowWorker }) => void) | null;
  postMessage(message: FromRowWorker, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;

let kernel: RowKernel | undefined;
let head: Omit<RowRequest, 'q'> | undefined;

scope.onmessage = ({ data }) => {
  receive(data).catch((error: unknown) => {
    scope.postMessage({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
  });
};

async function receive(message: ToRowWorker): Promise<void> {
  if (message.type === 'load') {
    kernel = await RowKernel.create(message.wasm);
    scope.postMessage({ type: 'ready' });
    return;
  }
  if (kernel === undefined) throw new Error('The worker got work before its kernel.');
  if (message.type === 'head') {
    head = message.head;
    kernel.useKeys(head.k, head.headDim);
    return;
  }
  if (head === undefined) throw new Error('The worker got rows before their head.');
  const steps = chooseRows(kernel, head, message.range, message.q);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const rows = step.value;
  scope.postMessage({ type: 'chosen', rows }, [rows.counts.buffer, rows.words.buffer]);
}
