import { type Job, outcomeOf } from './job.ts';

// The worker of one job: a web worker, or a thread of Node that looks like one (node-thread.ts).
self.onmessage = ({ data }: MessageEvent<Job>): void => {
  const { outcome, transfer } = outcomeOf(data);
  self.postMessage(outcome, { transfer });
};
