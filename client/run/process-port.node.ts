import { fork } from 'node:child_process';
import type { RunPort, RunPortEvents } from './run-client.ts';

/** Where the scripts of the process are, and Dawn's module. */
export interface RunProcess {
  /** `run-process.cjs` */
  readonly main: string;
  /** `compute-worker.js` */
  readonly worker: string;
  readonly dawn: string;
}

/** Most of what the process complained about that is told when it ends. */
const MOST_COMPLAINTS = 400;

/** Starts a process that runs attention. */
export function runProcess({ main, worker, dawn }: RunProcess, events: RunPortEvents): RunPort {
  const child = fork(main, [worker, dawn], {
    // Typed arrays travel as they are.
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr?.on('data', (text: Buffer) => {
    complaints = (complaints + text.toString()).slice(-MOST_COMPLAINTS);
  });
  child.on('message', message => events.received(message as Parameters<RunPortEvents['received']>[0]));
  child.on('error', error => events.failed(`The process that runs attention did not start: ${error.message}`));
  child.on('exit', (code, signal) => {
    const last = complaints.trim().split('\n').at(-1);
    events.failed(
      `The process that runs attention ended (${signal ?? `exit code ${code}`})${last === undefined || last === '' ? '.' : `: ${last}`}`,
    );
  });
  return {
    post: message => void child.send(message),
    end: () => void child.kill(),
  };
}
