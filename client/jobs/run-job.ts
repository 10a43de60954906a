import type { CancellationToken } from 'vscode';
import type { Job, JobOutcome, JobResults } from './job.ts';

/** A thread for one job, in whichever way the extension host has threads. */
export interface JobThread {
  /** Starts the job; one of the two is called at most once. */
  start(job: Job, done: (outcome: JobOutcome) => void, failed: (error: Error) => void): void;
  stop(): void;
}

/** Does a job in a thread of its own; undefined when it was cancelled, which stops it at once. */
export type RunJob = <K extends Job['kind']>(
  job: Extract<Job, { readonly kind: K }>,
  cancellation: CancellationToken,
) => Promise<JobResults[K] | undefined>;

/** The extension host answers everything else meanwhile. What goes wrong in the thread is thrown. */
export function jobRunner(createThread: () => JobThread): RunJob {
  return <K extends Job['kind']>(job: Extract<Job, { readonly kind: K }>, cancellation: CancellationToken) =>
    new Promise<JobResults[K] | undefined>((resolve, reject) => {
      if (cancellation.isCancellationRequested) {
        resolve(undefined);
        return;
      }
      const thread = createThread();
      const listening = cancellation.onCancellationRequested(() => end(() => resolve(undefined)));
      const end = (settle: () => void): void => {
        listening.dispose();
        thread.stop();
        settle();
      };
      thread.start(
        job,
        outcome =>
          end(() => {
            // A job is answered with a result of its own kind.
            if (outcome.ok) resolve(outcome.result as JobResults[K]);
            else reject(new Error(outcome.message));
          }),
        error => end(() => reject(error)),
      );
    });
}
