#!/usr/bin/env node
import { isMainThread } from 'node:worker_threads';

// The bundle is one file, and it is also the script of the threads that compile (see in-thread.ts). Each side loads only
// what it needs.
if (isMainThread) {
  const { main } = await import('./program.ts');
  await main(process.argv.slice(2));
} else {
  const { serveJob } = await import('./job-thread.ts');
  await serveJob();
}
