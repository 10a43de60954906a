import { Progress } from './progress.ts';

/** What a command may do to the outside: results go to stdout, everything else to stderr. */
export interface Session {
  /** Fires on Ctrl+C. */
  readonly signal: AbortSignal;
  /** One line, or several, of the result. */
  print(text: string): void;
  /** A line for people. */
  note(text: string): void;
  /** Shows that something is going on while `work` takes long. */
  during<T>(label: string, work: (progress: Progress) => Promise<T>): Promise<T>;
}

/** The session of this process. */
export function processSession(signal: AbortSignal): Session {
  return {
    signal,
    print: text => void process.stdout.write(`${text}\n`),
    note: text => void process.stderr.write(`${text}\n`),
    async during(label, work) {
      const progress = new Progress(label, process.stderr);
      try {
        return await work(progress);
      } finally {
        progress.end();
      }
    },
  };
}
