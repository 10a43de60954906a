import type { CancellationToken } from 'vscode';
import { type Piece, type StreamedExport, streamedExport } from '../export/streamed-export.ts';
import type { Job, JobMessage, JobOutcome, JobResults } from './job.ts';

/** A thread for one job, in whichever way the extension host has threads. */
export interface JobThread {
  /** Every message has one answer, in order. */
  ask(message: JobMessage): Promise<JobOutcome>;
  stop(): void;
}

/** Does a job in a thread of its own; undefined when it was cancelled, which stops it at once. */
export type RunJob = <K extends Exclude<Job['kind'], 'export'>>(
  job: Extract<Job, { readonly kind: K }>,
  cancellation: CancellationToken,
) => Promise<JobResults[K] | undefined>;

/** The same for an export, whose bytes the thread makes as long as `use` reads them. Cancelling breaks reading off. */
export type RunExport = <T>(
  job: Extract<Job, { readonly kind: 'export' }>,
  cancellation: CancellationToken,
  use: (exported: StreamedExport) => Promise<T>,
) => Promise<T | undefined>;

/** The extension host answers everything else meanwhile. What goes wrong in the thread is thrown. */
export function jobRunner(createThread: () => JobThread): { readonly runJob: RunJob; readonly runExport: RunExport } {
  return {
    runJob: <K extends Exclude<Job['kind'], 'export'>>(
      job: Extract<Job, { readonly kind: K }>,
      cancellation: CancellationToken,
    ) =>
      // A job is answered with a result of its own kind.
      withThread(createThread, cancellation, ask => ask(job) as Promise<JobResults[K]>),
    runExport: (job, cancellation, use) =>
      withThread(createThread, cancellation, async ask =>
        use(streamedExport((await ask(job)) as JobResults['export'], file => ask(file) as Promise<Piece>)),
      ),
  };
}

async function withThread<T>(
  createThread: () => JobThread,
  cancellation: CancellationToken,
  use: (ask: (message: JobMessage) => Promise<unknown>) => Promise<T>,
): Promise<T | undefined> {
  if (cancellation.isCancellationRequested) return undefined;
  const thread = createThread();
  let listening: { dispose(): unknown } | undefined;
  const cancelled = new Promise<never>((_, reject) => {
    listening = cancellation.onCancellationRequested(() => {
      thread.stop();
      reject(new Error('The job was cancelled.'));
    });
  });
  cancelled.catch(() => undefined);
  try {
    return await use(async message => {
      const outcome = await Promise.race([thread.ask(message), cancelled]);
      if (!outcome.ok) throw new Error(outcome.message);
      return outcome.result;
    });
  } catch (error) {
    // Whatever breaks off then breaks off because of it.
    if (cancellation.isCancellationRequested) return undefined;
    throw error;
  } finally {
    listening?.dispose();
    thread.stop();
  }
}
