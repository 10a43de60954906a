import { abortError } from '../../../runtime/attention/abort.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import type { Chosen, TensorFile } from '../../preview/messages.ts';
import type { RunFound, RunRequest, RunStep } from '../../run/run-request.ts';
import type { PageServices } from '../page-services.ts';
import type { State } from '../state.ts';

/** Waits until the state says something; the promise rejects when `look` throws, and with an AbortError when the signal fires. */
function until<T>({ store }: PageServices, look: (state: State) => T | undefined, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      stop();
      signal.removeEventListener('abort', cancel);
      settle();
    };
    const cancel = (): void => end(() => reject(abortError()));
    const check = (state: State): void => {
      try {
        const found = look(state);
        if (found !== undefined) end(() => resolve(found));
      } catch (error) {
        end(() => reject(error));
      }
    };
    const stop = store.subscribe(check);
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    else check(store.state);
  });
}

let nextRun = 1;

/** Runs attention on the machine of the extension host. Rejects with an AbortError when the signal fires. */
export async function runInHost(
  page: PageServices,
  request: RunRequest,
  { signal, onStep }: { readonly signal: AbortSignal; readonly onStep: (step: RunStep) => void },
): Promise<RunFound> {
  const id = nextRun++;
  const { data } = request;
  // The host reads the file itself.
  const sent = data.kind === 'tensors' ? { ...request, data: { ...data, bytes: null } } : request;
  page.send({ type: 'runInHost', id, request: sent });
  let told: State['hostRun'] = null;
  try {
    return await until(
      page,
      ({ hostRun }) => {
        if (hostRun?.id !== id || hostRun === told) return undefined;
        // To be told of it changes the state, too.
        told = hostRun;
        if ('found' in hostRun) return hostRun.found;
        if ('failure' in hostRun) throw hostRun.cancelled ? abortError() : new Error(hostRun.failure);
        onStep(hostRun.step);
        return undefined;
      },
      signal,
    );
  } catch (error) {
    if (signal.aborted) page.send({ type: 'cancelRun', id });
    throw error;
  }
}

/** A declaration that is or was shown as it is at another length. Rejects when it has no meaning there. */
export function modelAt(page: PageServices, of: Chosen, tokens: number, signal: AbortSignal): Promise<Model> {
  page.store.update({ modelAt: null });
  page.send({ type: 'modelAt', of, tokens });
  return until(
    page,
    ({ modelAt: found }) => {
      if (found?.tokens !== tokens) return undefined;
      if (found.model === null) throw new Error(found.problem);
      return found.model;
    },
    signal,
  );
}

/** A file of tensors that the user picked earlier, read again where the page does not have it any more. */
export function tensorsAt(page: PageServices, uri: string, signal: AbortSignal): Promise<TensorFile> {
  if (page.store.state.tensors?.uri !== uri) {
    page.store.update({ tensorsProblem: null });
    page.send({ type: 'readTensors', uri });
  }
  return until(
    page,
    ({ tensors, tensorsProblem }) => {
      if (tensorsProblem !== null) throw new Error(tensorsProblem);
      return tensors?.uri === uri ? tensors : undefined;
    },
    signal,
  );
}
