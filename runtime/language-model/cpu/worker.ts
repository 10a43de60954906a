// Runs inside a worker (browser or Node): computes rows of a language model that the main thread sends.
import type { FromWorker, ToWorker } from './messages.ts';
import { RowKernel } from './row-kernel.ts';

/** What both kinds of workers offer; the Node adapter supplies it where it is missing. */
interface WorkerScope {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;

let kernel: RowKernel | undefined;

scope.onmessage = ({ data }) => {
  receive(data).catch((error: unknown) => {
    scope.postMessage({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
  });
};

async function receive(message: ToWorker): Promise<void> {
  if (message.type === 'load') {
    kernel = await RowKernel.create(message.wasm, message.configuration);
    scope.postMessage({ type: 'ready' });
    return;
  }
  if (kernel === undefined) throw new Error('The worker got work before its kernel.');
  if (message.type === 'stage') {
    kernel.useStage(message.stage);
    return;
  }
  const result = kernel.run(message.task);
  scope.postMessage(
    { type: 'done', result },
    result.map(({ buffer }) => buffer),
  );
}
