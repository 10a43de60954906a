/** A way to start workers: one small adapter for Node, one for browsers. */
export interface WorkerHost {
  /** How many workers are worth starting. */
  readonly threads: number;
  /** Can workers and the main thread use the same memory (SharedArrayBuffer)? */
  readonly shared: boolean;
  /** Starts a worker from the text of its script. Throws, or reports an error later, when that is not possible. */
  spawn(source: string): WorkerPort;
}

export interface WorkerPort {
  post(message: unknown, transfer?: ArrayBuffer[]): void;
  listen(on: { message(data: unknown): void; error(reason: string): void }): void;
  /** Must the process stay alive for this worker? An idle one does not keep it. */
  hold(alive: boolean): void;
  terminate(): void;
}
