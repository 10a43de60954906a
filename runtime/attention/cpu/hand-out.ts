import { unlessAborted } from '../abort.ts';
import { type Crew, reasonOf } from './crew.ts';
import { type Member, WorkerError } from './member.ts';

/** Messages that a worker has at a time, so that it need not wait for the next one. */
const AHEAD = 2;

/** A message, and what of it is handed over. */
export interface Posted {
  readonly message: unknown;
  readonly transfer: ArrayBuffer[];
}

/** Work in numbered batches, which workers compute one by one. */
export interface Batched<From, Result> {
  readonly batches: number;
  /** The first message to each worker, which it does not answer. */
  common(): Posted;
  batch(index: number): Posted;
  /** Undefined when the message is no result. */
  resultOf(message: From): Result | undefined;
  /** Called with each result, in the order in which they arrive. */
  put(index: number, result: Result): void;
}

/**
 * Hands the batches of some work out to workers: each once, in order, to whoever is free.
 *
 * @throws WorkerError when workers do not start or die; AbortError when the signal fires. The crew is ended then.
 */
export async function handOut<From extends { readonly type: string }, Result>(
  crew: Crew<From>,
  threads: number,
  work: Batched<From, Result>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let next = 0;
  const take = (): number | undefined => (next < work.batches ? next++ : undefined);
  try {
    const members = await unlessAborted(crew.start(Math.min(threads, work.batches)), signal);
    await unlessAborted(Promise.all(members.map(member => feed(member, work, take))), signal);
  } catch (error) {
    // A worker in the middle of its work could not be stopped otherwise.
    crew.dispose();
    throw error;
  } finally {
    crew.rest();
  }
}

function feed<From extends { readonly type: string }, Result>(
  member: Member<From>,
  work: Batched<From, Result>,
  take: () => number | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const pending: number[] = [];
    const post = ({ message, transfer }: Posted): void => member.port.post(message, transfer);
    const next = (): void => {
      const index = take();
      if (index === undefined) return;
      pending.push(index);
      post(work.batch(index));
    };
    member.fail = reason => reject(new WorkerError(reason));
    member.receive = message => {
      const result = work.resultOf(message);
      const index = result === undefined ? undefined : pending.shift();
      if (result === undefined || index === undefined) {
        member.fail(reasonOf(message));
        return;
      }
      try {
        work.put(index, result);
        next();
        if (pending.length === 0) resolve();
      } catch (error) {
        // Nobody else would hear of it in an event, and the work would never end.
        reject(error);
      }
    };
    post(work.common());
    for (let ahead = 0; ahead < AHEAD; ahead++) next();
    if (pending.length === 0) resolve();
  });
}
