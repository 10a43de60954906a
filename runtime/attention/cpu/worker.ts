// Runs inside a worker (browser or Node): computes row blocks that the main thread sends.
import type { TilePlan } from '../../compile/tile-plan.ts';
import { attendBlock, blockRows, instantiateKernel, type Kernel } from './kernel-instance.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** What both kinds of workers offer; the Node adapter supplies it where it is missing. */
interface WorkerScope {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const nothing: Float32Array = new Float32Array(0);

let kernel: Kernel | undefined;
let plans: readonly TilePlan[] = [];
let headDim = 0;
let scale = 1;
let k = nothing;
let v = nothing;

scope.onmessage = ({ data }) => {
  receive(data).catch((error: unknown) => {
    scope.postMessage({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
  });
};

async function receive(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'load':
      kernel = await instantiateKernel(message.wasm);
      scope.postMessage({ type: 'ready' });
      return;
    case 'plans':
      ({ plans, headDim, scale } = message);
      return;
    case 'head':
      ({ k, v } = message);
      return;
    case 'work':
      work(message);
      return;
    case 'clear':
      plans = [];
      k = nothing;
      v = nothing;
  }
}

function work({ blocks, q }: ToWorker & { type: 'work' }): void {
  if (kernel === undefined) throw new Error('The worker got work before its kernel.');
  const o = new Float32Array(q.length);
  const lse = new Float32Array(q.length / headDim);
  let row = 0;
  for (const { plan: index, block } of blocks) {
    const plan = plans[index];
    if (plan === undefined) throw new Error('The worker got work before its plans.');
    const rows = blockRows(plan, block);
    const part = q.subarray(row * headDim, (row + rows) * headDim);
    const steps = attendBlock(kernel, { plan, block, q: part, k, v, headDim, scale });
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    o.set(step.value.o, row * headDim);
    lse.set(step.value.lse, row);
    row += rows;
  }
  scope.postMessage({ type: 'done', o, lse }, [o.buffer, lse.buffer]);
}
