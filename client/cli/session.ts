import { type Colors, coloursOf } from './colour.ts';
import { Progress } from './progress.ts';

/** How much a command says beside its result. */
export interface Talk {
  /** Errors only. */
  readonly quiet?: boolean;
  /** Also what was read and how long it took. */
  readonly verbose?: boolean;
}

/** What a command may do to the outside: results go to stdout, everything else to stderr. */
export interface Session {
  /** Fires on Ctrl+C. */
  readonly signal: AbortSignal;
  /** Colours for `print`, and for what goes to stderr. */
  readonly colours: Colors;
  readonly errorColours: Colors;
  /** Columns of the terminal that stdout is, or undefined. */
  readonly columns: number | undefined;
  readonly verbose: boolean;
  /** One line, or several, of the result. */
  print(text: string): void;
  /** The result as it is, without a line break; settles when it is on its way, with false when nobody reads it any more. */
  write(contents: Uint8Array): Promise<boolean>;
  /** A line for people, unless they want quiet. */
  note(text: string): void;
  /** A line for people who want to know more. */
  detail(text: string): void;
  /** Why it did not work: always said. */
  complain(text: string): void;
  /** Shows that something is going on while `work` takes long. */
  during<T>(label: string, work: (progress: Progress) => Promise<T>): Promise<T>;
}

/** The session of this process, and how to say how much it should say. */
export function processSession(signal: AbortSignal): { readonly session: Session; talk(talk: Talk): void } {
  const { stdout, stderr } = process;
  let quiet = false;
  let verbose = false;
  const say = (text: string): void => void stderr.write(`${text}\n`);
  const detail = (text: string): void => {
    if (verbose) say(text);
  };
  return {
    session: {
      signal,
      colours: coloursOf(stdout),
      errorColours: coloursOf(stderr),
      columns: stdout.isTTY === true ? stdout.columns || undefined : undefined,
      get verbose() {
        return verbose;
      },
      print: text => void stdout.write(`${text}\n`),
      // Whatever goes wrong here is said where stdout is watched.
      write: contents => new Promise(resolve => void stdout.write(contents, error => resolve(!error))),
      note: text => {
        if (!quiet) say(text);
      },
      detail,
      complain: say,
      async during(label, work) {
        const started = performance.now();
        const progress = new Progress(label, quiet ? { write: () => {} } : stderr);
        try {
          return await work(progress);
        } finally {
          progress.end();
          detail(`${label} took ${Math.round(performance.now() - started)} ms`);
        }
      },
    },
    talk(wanted) {
      quiet = wanted.quiet === true;
      verbose = wanted.verbose === true;
    },
  };
}
