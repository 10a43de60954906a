import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Span } from '../../runtime/pattern/ir.ts';
import { cancelled, wrongUse } from './failure.ts';
import type { JobMessage } from './job-thread.ts';
import type { Job, JobResults } from './jobs.ts';

/** A job that failed in its thread: `name` is the name of the error's class. */
export class JobError extends Error {
  readonly span: Span | undefined;
  /** The stable code of an error that has one. */
  readonly code: string | undefined;

  constructor(name: string, message: string, span: Span | undefined, code?: string) {
    super(message);
    this.name = name;
    this.span = span;
    this.code = code;
  }
}

/**
 * Does a job in a thread of its own, so that Ctrl+C stops it at once and running out of memory ends the job and not the
 * process.
 *
 * @throws JobError, or Failure when it was cancelled or there was not enough memory
 */
export function inThread<K extends Job['kind']>(
  job: Job & { kind: K },
  signal: AbortSignal,
  onProgress?: (done: number) => void,
): Promise<JobResults[K]> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(cancelled());
      return;
    }
    // Drivers of graphics devices look into the environment of the process.
    const worker = new Worker(new URL(import.meta.url), { workerData: job, execArgv: [], env: SHARE_ENV });
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', stop);
      settle();
      void worker.terminate();
    };
    const stop = (): void => end(() => reject(cancelled()));
    signal.addEventListener('abort', stop);
    worker.on('message', (message: JobMessage) => {
      if ('done' in message) {
        onProgress?.(message.done);
        return;
      }
      end(() => {
        // The thread answers a job with a result of its own kind.
        if (message.ok) resolve(message.result as JobResults[K]);
        else reject(new JobError(message.name, message.message, message.span, message.code));
      });
    });
    worker.on('error', (error: Error & { code?: string }) =>
      end(() =>
        reject(
          error.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? wrongUse('this mask needs more memory than there is; use fewer tokens or a more regular pattern')
            : error,
        ),
      ),
    );
    worker.on('exit', code => end(() => reject(new Error(`the compiling thread ended early (exit code ${code})`))));
  });
}
