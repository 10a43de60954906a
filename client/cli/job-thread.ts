import { parentPort, workerData } from 'node:worker_threads';
import type { Span } from '../../runtime/pattern/ir.ts';
import { doJob, type Job } from './jobs.ts';

/** How a thread's job ended. An error keeps what the main thread needs to know of it: classes do not travel. */
export type JobOutcome =
  | { readonly ok: true; readonly result: unknown }
  | {
      readonly ok: false;
      readonly name: string;
      readonly message: string;
      readonly span: Span | undefined;
      readonly code: string | undefined;
    };

/** A message of a job's thread: how much is done, 0 to 1, now and then, and how it ended. */
export type JobMessage = { readonly done: number } | JobOutcome;

/** Between two messages that tell how much is done. */
const PROGRESS_MS = 50;

/** Does the one job this thread was started for. */
export async function serveJob(): Promise<void> {
  const job = workerData as Job;
  let outcome: JobOutcome;
  try {
    outcome = { ok: true, result: await doJob(job, told()) };
  } catch (error) {
    outcome =
      error instanceof Error
        ? { ok: false, name: error.name, message: error.message, span: spanOf(error), code: codeOf(error) }
        : { ok: false, name: 'Error', message: String(error), span: undefined, code: undefined };
  }
  parentPort?.postMessage(outcome, outcome.ok ? buffersOf(outcome.result) : []);
}

/** Tells the main thread, not too often. */
function told(): (done: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  return done => {
    if (performance.now() - last < PROGRESS_MS) return;
    last = performance.now();
    parentPort?.postMessage({ done } satisfies JobMessage);
  };
}

function spanOf(error: Error): Span | undefined {
  return 'span' in error ? (error.span as Span | undefined) : undefined;
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Every buffer in a result, once: they are handed over instead of copied. */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) buffersOf(part, found);
  }
  return [...found];
}
