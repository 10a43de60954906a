import { isAbort, throwIfAborted, unlessAborted } from './abort.ts';
import { BackendError } from './backend-error.ts';
import { AttentionInputError, attentionScale, checkInput } from './check-input.ts';
import { createCpuBackend } from './cpu/cpu.ts';
import { kernelBuilds } from './cpu/kernel-builds.ts';
import type { WorkerHost } from './cpu/worker-host.ts';
import { createGpuBackend } from './gpu/gpu.ts';
import { GpuError } from './gpu/gpu-error.ts';
import type { KernelMemory } from './gpu/kernels.ts';
import { createReferenceBackend } from './reference.ts';
import { selfCheck } from './self-check.ts';
import type {
  AttendOptions,
  AttentionInput,
  AttentionResult,
  Backend,
  BackendId,
  BackendStatus,
  PlanParts,
} from './types.ts';

export { BackendError } from './backend-error.ts';
export type { AttendOptions, BackendStatus } from './types.ts';

/** What the surroundings offer; all of it is optional. */
export interface AttentionHosts {
  /** WebGPU, or why there is none: `navigator.gpu` in a page, Dawn in Node. */
  readonly gpu?: () => Promise<{ readonly gpu: GPU } | { readonly reason: string }>;
  readonly workers?: WorkerHost;
  /** Where it is kept which of a device's kernels are fastest. */
  readonly kernels?: KernelMemory;
}

/** Attention over tile plans, on whatever the machine offers. */
export interface Attention {
  /**
   * `o[h] = softmax(q[h] k^T * scale, over the pairs of the head's plans) v`; see AttentionInput for the shapes. Rows
   * without keys give zeros and a log-sum-exp of -Infinity. A GPU that is lost is tried once more; a backend that fails in
   * the middle is replaced by the next one. The result's notes say so.
   *
   * @throws AttentionInputError when tensors and plans do not fit together
   * @throws BackendError when the backend that was asked for is not available
   * @throws DOMException named AbortError when the signal fires
   */
  attend(input: AttentionInput, plans: PlanParts, options?: AttendOptions): Promise<AttentionResult>;
  /** Starts and checks every backend. */
  backends(): Promise<readonly BackendStatus[]>;
  /** Ends workers and frees the device. A later call starts them again. */
  dispose(): void;
}

/** A backend that answers, not yet checked, or why there is none. */
type Started = { readonly backend: Backend } | { readonly reason: string };

const order: readonly BackendId[] = ['gpu', 'cpu', 'reference'];
const nameOf: Readonly<Record<BackendId, string>> = { gpu: 'GPU', cpu: 'CPU', reference: 'reference' };
/** A device that is lost this often is not asked again. */
const MOST_LOSSES = 3;

/** Each backend is started when it is first needed; each of its kernels is trusted only after it has passed a check against the reference. */
export function createAttention(hosts: AttentionHosts): Attention {
  const started = new Map<BackendId, Promise<Started>>();
  const opened = new Map<BackendId, Promise<Started>>();
  let losses = 0;

  const start = (id: BackendId): Promise<Started> => remember(started, id, () => startBackend(id, hosts));
  const checkedStart = (id: BackendId): Promise<Started> =>
    remember(opened, id, async () => checked(id, await start(id)));

  const close = (id: BackendId): void => {
    const promise = started.get(id);
    started.delete(id);
    opened.delete(id);
    void promise?.then(result => {
      if ('backend' in result) result.backend.dispose();
    });
  };

  /** Gives the GPU up for good. */
  const retire = (reason: string): void => {
    close('gpu');
    started.set('gpu', Promise.resolve({ reason }));
  };

  /** The backends to try, best first. Looking at the GPU costs little; it checks a kernel when it first needs it. */
  const candidates = async (wanted: 'auto' | BackendId, notes: string[]): Promise<readonly BackendId[]> => {
    if (wanted !== 'auto') return order.slice(order.indexOf(wanted));
    const gpu = await start('gpu');
    if (!('backend' in gpu) || gpu.backend.imitated !== true) return order;
    notes.push(`The only graphics adapter is ${gpu.backend.device}, which is slower than the CPU kernel.`);
    return ['cpu', 'gpu', 'reference'];
  };

  async function attend(
    input: AttentionInput,
    plans: PlanParts,
    options: AttendOptions = {},
  ): Promise<AttentionResult> {
    const wanted = options.backend ?? 'auto';
    for (const part of plans) checkInput(input, part);
    attentionScale(input, options);
    throwIfAborted(options.signal);
    const notes: string[] = [];
    let failure: unknown;
    const left = [...(await unlessAborted(candidates(wanted, notes), options.signal))];
    let retried = false;
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const starting = start(id);
      const result = await unlessAborted(starting, options.signal);
      if ('reason' in result) {
        if (id === wanted && !retried) throw new BackendError(`${result.reason} ${advice(id)}`);
        notes.push(result.reason);
        continue;
      }
      try {
        // A run that waits for another one, or for kernels that are tried, is cancelled at once, too.
        const done = await unlessAborted(result.backend.run(input, plans, options), options.signal);
        return { ...done, notes: [...notes, ...done.notes] };
      } catch (error) {
        // Devices that are lost abort what they were asked for with an error of the same name.
        const cancelled = isAbort(error) && options.signal?.aborted === true;
        if (cancelled || error instanceof AttentionInputError) throw error;
        failure = error;
        // A run that failed at the same time may have opened another device already.
        const current = started.get(id) === starting;
        if (isWrong(error)) {
          // It stays that way: no later run should compile its kernels again.
          const reason = `The GPU (${result.backend.device}) is not used: ${describe(error)}`;
          if (current) retire(reason);
          if (id === wanted) throw new BackendError(`${reason} ${advice(id)}`);
          notes.push(reason);
          continue;
        }
        notes.push(`The ${nameOf[id]} failed: ${describe(error)}`);
        if (id !== 'gpu' || isTooMuch(error)) continue;
        if (current) {
          losses++;
          if (losses >= MOST_LOSSES) retire(`The GPU failed ${losses} times, last with: ${describe(error)}`);
          else close('gpu');
        }
        // Once more, on a new device, which begins with short dispatches again.
        if (!retried) left.unshift('gpu');
        retried = true;
      }
    }
    throw failure instanceof Error ? failure : new BackendError(notes.join(' '));
  }

  return {
    attend,
    backends: () =>
      Promise.all(
        order.map(async id => {
          const result = await checkedStart(id);
          return 'backend' in result
            ? { id, available: true, device: result.backend.device, reason: '', facts: result.backend.facts ?? {} }
            : { id, available: false, device: '', reason: result.reason, facts: {} };
        }),
      ),
    dispose() {
      for (const id of order) close(id);
    },
  };
}

/** The promise of the first call; later calls share it. */
function remember<K, V>(known: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  let promise = known.get(key);
  if (promise === undefined) {
    promise = make();
    known.set(key, promise);
  }
  return promise;
}

async function startBackend(id: BackendId, hosts: AttentionHosts): Promise<Started> {
  try {
    switch (id) {
      case 'gpu': {
        if (hosts.gpu === undefined) return { reason: 'WebGPU is not available here.' };
        const found = await hosts.gpu();
        return 'reason' in found ? found : { backend: await createGpuBackend(found.gpu, { memory: hosts.kernels }) };
      }
      case 'cpu':
        return await startCpu(hosts);
      case 'reference':
        return { backend: createReferenceBackend() };
    }
  } catch (error) {
    return { reason: `The ${nameOf[id]} is not used: ${describe(error)}` };
  }
}

/** The fastest build of the kernel that passes the check. */
async function startCpu({ workers }: AttentionHosts): Promise<Started> {
  let reason = 'The CPU kernel is not used: this JavaScript engine has no WebAssembly SIMD.';
  for (const build of kernelBuilds()) {
    try {
      const backend = await createCpuBackend(workers === undefined ? { build } : { build, workers });
      await selfCheck(backend.run);
      return { backend };
    } catch (error) {
      reason = `The CPU kernel is not used: ${describe(error)}`;
    }
  }
  return { reason };
}

/** Lets a GPU show that it works; the CPU's builds were checked when one was chosen. */
async function checked(id: BackendId, result: Started): Promise<Started> {
  if (id !== 'gpu' || 'reason' in result) return result;
  try {
    await selfCheck(result.backend.run);
    return result;
  } catch (error) {
    result.backend.dispose();
    return { reason: `The ${nameOf[id]} (${result.backend.device}) is not used: ${describe(error)}` };
  }
}

/** Does no kernel give right results there? */
function isWrong(error: unknown): boolean {
  return error instanceof GpuError && error.kind === 'wrong';
}

/** Did the run ask for too much, with the device still fine? */
function isTooMuch(error: unknown): boolean {
  return error instanceof GpuError && ['too-large', 'beyond', 'out-of-memory'].includes(error.kind);
}

function advice(id: BackendId): string {
  return id === 'gpu'
    ? 'Choose the backend "cpu", or "auto" to use whatever works.'
    : 'Choose the backend "reference", or "auto" to use whatever works.';
}

function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}
