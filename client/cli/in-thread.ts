import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Span } from '../../runtime/pattern/ir.ts';
import { type Piece, type StreamedExport, streamedExport } from '../export/streamed-export.ts';
import { Answers } from '../jobs/answers.ts';
import { cancelled, wrongUse } from './failure.ts';
import type { JobMessage, JobOutcome } from './job-thread.ts';
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
  // The thread answers a job with a result of its own kind.
  return withThread(job, signal, async answer => (await answer()) as JobResults[K], onProgress);
}

/** The same for an export, whose bytes the thread makes as long as `use` reads them. */
export function exportInThread<T>(
  job: Job & { kind: 'export' },
  signal: AbortSignal,
  use: (exported: StreamedExport) => Promise<T>,
): Promise<T> {
  return withThread(job, signal, async (answer, send) => {
    const outline = (await answer()) as JobResults['export'];
    const next = (file: number): Promise<Piece> => {
      send(file);
      return answer() as Promise<Piece>;
    };
    return await use(streamedExport(outline, next));
  });
}

/** Starts a thread and ends it when `use` has what it wants. The job, and each message that is sent, has one answer, in order. */
async function withThread<T>(
  job: Job,
  signal: AbortSignal,
  use: (answer: () => Promise<unknown>, send: (message: unknown) => void) => Promise<T>,
  onProgress?: (done: number) => void,
): Promise<T> {
  if (signal.aborted) throw cancelled();
  // Drivers of graphics devices look into the environment of the process.
  const worker = new Worker(new URL(import.meta.url), { workerData: job, execArgv: [], env: SHARE_ENV });
  const answers = new Answers<JobOutcome>();
  worker.on('message', (message: JobMessage) => {
    if ('done' in message) onProgress?.(message.done);
    else answers.came(message);
  });
  worker.on('error', (error: Error & { code?: string }) =>
    answers.failed(
      error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? wrongUse('this mask needs more memory than there is; use fewer tokens or a more regular pattern')
        : error,
    ),
  );
  worker.on('exit', code => answers.failed(new Error(`the compiling thread ended early (exit code ${code})`)));
  const stop = (): void => {
    answers.failed(cancelled());
    void worker.terminate();
  };
  signal.addEventListener('abort', stop);
  try {
    return await use(
      async () => {
        const outcome = await answers.next();
        if (outcome.ok) return outcome.result;
        throw new JobError(outcome.name, outcome.message, outcome.span, outcome.code);
      },
      message => worker.postMessage(message),
    );
  } finally {
    signal.removeEventListener('abort', stop);
    void worker.terminate();
  }
}
