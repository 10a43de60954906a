import type { WorkerPort } from './worker-host.ts';

/** Workers that could not be started, or that died. The caller computes in its own thread instead. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

export const OUT_OF_TURN = 'A worker answered out of turn.';

/** What every worker of a crew may say. */
export interface Reply {
  readonly type: string;
  /** With the type `failed`. */
  readonly reason?: string;
}

/** A worker and what it is doing. */
export interface Member<From extends Reply> {
  readonly port: WorkerPort;
  receive: (message: From) => void;
  fail: (reason: string) => void;
  end(): void;
}

/** Why a worker did not answer as it should. */
export function reasonOf(message: Reply): string {
  return message.type === 'failed' && message.reason !== undefined ? message.reason : OUT_OF_TURN;
}
