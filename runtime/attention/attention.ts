import { isAbort, throwIfAborted, unlessAborted } from './abort.ts';
import { AttentionInputError, attentionScale, checkInput } from './check-input.ts';
import { createCpuBackend } from './cpu/cpu.ts';
import { kernelBuilds } from './cpu/kernel-builds.ts';
import type { WorkerHost } from './cpu/worker-host.ts';
import { createGpuBackend } from './gpu/gpu.ts';
import { GpuError } from './gpu/gpu-error.ts';
import { createReferenceBackend } from './reference.ts';
import { selfCheck } from './self-check.ts';
import type { AttentionInput, AttentionOptions, AttentionResult, Backend, BackendId, HeadPlans } from './types.ts';

/** What the surroundings offer; all of it is optional. */
export interface AttentionHosts {
  /** WebGPU, or why there is none: `navigator.gpu` in a page, Dawn in Node. */
  readonly gpu?: () => Promise<{ readonly gpu: GPU } | { readonly reason: string }>;
  readonly workers?: WorkerHost;
}

export interface AttendOptions extends AttentionOptions {
  /** `auto` (default): the GPU if it passes its self-check, else the CPU, else the reference. */
  readonly backend?: 'auto' | BackendId;
}

export interface BackendStatus {
  readonly id: BackendId;
  readonly available: boolean;
  /** Adapter or processor; empty when it is not available. */
  readonly device: string;
  /** Why it is not available, in words for the user; empty when it is. */
  readonly reason: string;
}

/** Attention over tile plans, on whatever the machine offers. */
export interface Attention {
  /**
   * `o[h] = softmax(q[h] k^T * scale, over the pairs of the head's plan) v`; see AttentionInput for the shapes. Rows
   * without keys give zeros and a log-sum-exp of -Infinity. A backend that fails in the middle is replaced by the next
   * one, which the result's notes say.
   *
   * @throws AttentionInputError when tensors and plans do not fit together
   * @throws BackendError when the backend that was asked for is not available
   * @throws DOMException named AbortError when the signal fires
   */
  attend(input: AttentionInput, plans: HeadPlans, options?: AttendOptions): Promise<AttentionResult>;
  /** Starts and checks every backend. */
  backends(): Promise<readonly BackendStatus[]>;
  /** Ends workers and frees the device. A later call starts them again. */
  dispose(): void;
}

/** A backend that was asked for by name is not available; the message says why and what to do. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
}

type Opened = { readonly backend: Backend } | { readonly reason: string };

const order: readonly BackendId[] = ['gpu', 'cpu', 'reference'];
const nameOf: Readonly<Record<BackendId, string>> = { gpu: 'GPU', cpu: 'CPU', reference: 'reference' };
/** A device that is lost this often is not asked again. */
const MOST_LOSSES = 3;

/** Each backend is started when it is first needed, and trusted only after it has passed a check against the reference. */
export function createAttention(hosts: AttentionHosts): Attention {
  const opened = new Map<BackendId, Promise<Opened>>();
  let losses = 0;

  const open = (id: BackendId): Promise<Opened> => {
    let promise = opened.get(id);
    if (promise === undefined) {
      promise = openBackend(id, hosts);
      opened.set(id, promise);
    }
    return promise;
  };

  const close = (id: BackendId): void => {
    const promise = opened.get(id);
    opened.delete(id);
    void promise?.then(result => {
      if ('backend' in result) result.backend.dispose();
    });
  };

  async function attend(
    input: AttentionInput,
    plans: HeadPlans,
    options: AttendOptions = {},
  ): Promise<AttentionResult> {
    const wanted = options.backend ?? 'auto';
    checkInput(input, plans);
    attentionScale(input, options);
    throwIfAborted(options.signal);
    const notes: string[] = [];
    let failure: unknown;
    for (const id of wanted === 'auto' ? order : order.slice(order.indexOf(wanted))) {
      const result = await unlessAborted(open(id), options.signal);
      if ('reason' in result) {
        if (id === wanted) throw new BackendError(`${result.reason} ${advice(id)}`);
        notes.push(result.reason);
        continue;
      }
      try {
        const done = await result.backend.run(input, plans, options);
        return { ...done, notes: [...notes, ...done.notes] };
      } catch (error) {
        if (isAbort(error) || error instanceof AttentionInputError) throw error;
        failure = error;
        notes.push(`The ${nameOf[id]} failed: ${describe(error)}`);
        if (id === 'gpu' && !isTooMuch(error)) {
          losses++;
          close('gpu');
          if (losses >= MOST_LOSSES) {
            const reason = `The GPU failed ${losses} times, last with: ${describe(error)}`;
            opened.set('gpu', Promise.resolve({ reason }));
          }
        }
      }
    }
    throw failure instanceof Error ? failure : new BackendError(notes.join(' '));
  }

  return {
    attend,
    backends: () =>
      Promise.all(
        order.map(async id => {
          const result = await open(id);
          return 'backend' in result
            ? { id, available: true, device: result.backend.device, reason: '' }
            : { id, available: false, device: '', reason: result.reason };
        }),
      ),
    dispose() {
      for (const id of order) close(id);
    },
  };
}

async function openBackend(id: BackendId, hosts: AttentionHosts): Promise<Opened> {
  let started: Backend | undefined;
  try {
    switch (id) {
      case 'gpu': {
        if (hosts.gpu === undefined) return { reason: 'WebGPU is not available here.' };
        const found = await hosts.gpu();
        if ('reason' in found) return found;
        started = await createGpuBackend(found.gpu);
        await selfCheck(started);
        return { backend: started };
      }
      case 'cpu':
        return await openCpu(hosts);
      case 'reference':
        return { backend: createReferenceBackend() };
    }
  } catch (error) {
    started?.dispose();
    const device = started === undefined ? '' : ` (${started.device})`;
    return { reason: `The ${nameOf[id]}${device} is not used: ${describe(error)}` };
  }
}

/** The fastest build of the kernel that passes the check. */
async function openCpu({ workers }: AttentionHosts): Promise<Opened> {
  let reason = 'The CPU kernel is not used: this JavaScript engine has no WebAssembly SIMD.';
  for (const build of kernelBuilds()) {
    try {
      const backend = await createCpuBackend(workers === undefined ? { build } : { build, workers });
      await selfCheck(backend);
      return { backend };
    } catch (error) {
      reason = `The CPU kernel is not used: ${describe(error)}`;
    }
  }
  return { reason };
}

/** Did the run ask for too much, with the device still fine? */
function isTooMuch(error: unknown): boolean {
  return error instanceof GpuError && (error.kind === 'too-large' || error.kind === 'out-of-memory');
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
