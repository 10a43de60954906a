import { count } from './format.ts';

/** Whoever asked has waited long enough: says what was not found out. */
export class OutOfTime extends Error {}

/**
 * A checkpoint for work that may take too long: throws OutOfTime when so many milliseconds have passed.
 *
 * @param what goes on as in `what was looked for for 15 seconds`
 */
export function timeLimit(what: string, milliseconds: number, now: () => number = () => performance.now()): () => void {
  const end = now() + milliseconds;
  return () => {
    if (now() > end) throw new OutOfTime(`${what} for ${count(milliseconds / 1000)} seconds`);
  };
}
