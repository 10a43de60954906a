// Runs inside a worker (browser or Node): computes row blocks that the main thread sends or shares.
import type { TilePlan } from '../../compile/tile-plan.ts';
import { compute } from './compute.ts';
import { blockRows, Kernel } from './kernel.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { WorkQueue } from './work.ts';

/** What both kinds of workers offer; the Node adapter supplies it where it is missing. */
interface WorkerScope {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

/** How often a worker tells how far it is. */
const PROGRESS_MS = 30;

const scope = globalThis as unknown as WorkerScope;

let loaded: Kernel | undefined;
let plans: readonly TilePlan[] = [];
let headDim = 0;
let scale = 1;

scope.onmessage = ({ data }) => {
  receive(data).catch((error: unknown) => {
    scope.postMessage({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
  });
};

async function receive(message: ToWorker): Promise<void> {
  if (message.type === 'load') {
    loaded = await Kernel.create(message.wasm);
    scope.postMessage({ type: 'ready' });
    return;
  }
  if (loaded === undefined) throw new Error('The worker got work before its kernel.');
  switch (message.type) {
    case 'compute':
      computeShared(loaded, message);
      return;
    case 'plans':
      ({ plans, headDim, scale } = message);
      return;
    case 'keys':
      loaded.useKeys({ k: message.k, v: message.v, tile: message.tile, headDim });
      return;
    case 'work':
      work(loaded, message);
      return;
    case 'clear':
      plans = [];
      loaded.clear();
  }
}

function computeShared(kernel: Kernel, { run, taken }: ToWorker & { type: 'compute' }): void {
  let cost = 0;
  let told = performance.now();
  for (const more of compute(kernel, new WorkQueue(run.list, taken), run)) {
    cost += more;
    if (performance.now() - told < PROGRESS_MS) continue;
    scope.postMessage({ type: 'progress', cost });
    told = performance.now();
    cost = 0;
  }
  scope.postMessage({ type: 'progress', cost });
  scope.postMessage({ type: 'computed' });
}

function work(kernel: Kernel, { blocks, q }: ToWorker & { type: 'work' }): void {
  const o = new Float32Array(q.length);
  const lse = new Float32Array(q.length / headDim);
  let row = 0;
  for (const { plan: index, block } of blocks) {
    const plan = plans[index];
    if (plan === undefined) throw new Error('The worker got work before its plans.');
    const end = row + blockRows(plan, block);
    const rows = (of: Float32Array): Float32Array => of.subarray(row * headDim, end * headDim);
    const steps = kernel.attend({ plan, block, scale, q: rows(q), o: rows(o), lse: lse.subarray(row, end) });
    while (steps.next().done !== true);
    row = end;
  }
  scope.postMessage({ type: 'done', o, lse }, [o.buffer, lse.buffer]);
}
