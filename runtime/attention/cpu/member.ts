import type { FromWorker, ToWorker } from './messages.ts';
import type { WorkerPort } from './worker-host.ts';

/** Workers that could not be started, or that died. The caller computes in its own thread instead. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

export const OUT_OF_TURN = 'A worker answered out of turn.';

/** A worker that sends `From`, and what it is doing. */
export interface Member<From = FromWorker> {
  readonly port: WorkerPort;
  receive: (message: From) => void;
  fail: (reason: string) => void;
  end(): void;
}

export function send<To = ToWorker>({ port }: Pick<Member, 'port'>, message: To, transfer?: ArrayBuffer[]): void {
  port.post(message, transfer);
}
