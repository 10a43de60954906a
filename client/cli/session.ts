import { Progress } from './progress.ts';

/** What a command may do to the outside: results go to stdout, everything else to stderr. */
export interface Session {
  /** Fires on Ctrl+C. */
  readonly signal: AbortSignal;
  /** One line, or several, of the result. */
  print(text: string): void;
  /** The result as it is, without a line break; settles when it is on its way. */
  write(contents: Uint8Array): Promise<void>;
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
    // Whatever goes wrong here is said where stdout is watched.
    write: contents => new Promise(resolve => void process.stdout.write(contents, () => resolve())),
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
