import { type JobMessage, jobServer } from './job.ts';

// The worker of one job: a web worker, or a thread of Node that looks like one (node-thread.ts).
const serve = jobServer();
self.onmessage = ({ data }: MessageEvent<JobMessage>): void => {
  const { outcome, transfer } = serve(data);
  self.postMessage(outcome, { transfer });
};
