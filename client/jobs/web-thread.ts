import { Answers } from './answers.ts';
import type { JobOutcome } from './job.ts';
import type { JobThread } from './run-job.ts';

/** A web worker that runs a script. */
export function webThread(script: string): JobThread {
  const worker = new Worker(script);
  const answers = new Answers<JobOutcome>();
  worker.onmessage = ({ data }: MessageEvent<JobOutcome>) => answers.came(data);
  worker.onerror = ({ message }) => answers.failed(new Error(message || 'The worker of this job did not start.'));
  return {
    ask(message) {
      worker.postMessage(message);
      return answers.next();
    },
    stop: () => worker.terminate(),
  };
}
