import type { FromWorker, ToWorker } from './messages.ts';
import type { WorkerPort } from './worker-host.ts';

/** Workers that could not be started, or that died. The caller computes in its own thread instead. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

export const OUT_OF_TURN = 'A worker answered out of turn.';

/** A worker and what it is doing. */
export interface Member {
  readonly port: WorkerPort;
  receive: (message: FromWorker) => void;
  fail: (reason: string) => void;
  end(): void;
}

export function send({ port }: Member, message: ToWorker, transfer?: ArrayBuffer[]): void {
  port.post(message, transfer);
}
