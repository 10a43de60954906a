import type { JobOutcome } from './job.ts';
import type { JobThread } from './run-job.ts';

/** A web worker that runs a script. */
export function webThread(script: string): JobThread {
  const worker = new Worker(script);
  return {
    start(job, done, failed) {
      worker.onmessage = ({ data }: MessageEvent<JobOutcome>) => done(data);
      worker.onerror = ({ message }) => failed(new Error(message || 'The worker of this job did not start.'));
      worker.postMessage(job);
    },
    stop: () => worker.terminate(),
  };
}
