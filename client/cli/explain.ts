import type { Span } from '../../runtime/pattern/ir.ts';
import { badFile, cancelled, Failure, messageOf, wrongUse } from './failure.ts';
import type { Sources } from './sources.ts';

/** Errors of the runtime that the file is to blame for, by the names of their classes. */
const OF_THE_FILE = new Set(['PatternError', 'CompileError', 'LowerError']);

/** What to tell the user about anything that was thrown. Classes do not survive a thread, so names decide. */
export function asFailure(error: unknown, sources: Sources): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof Error)) return wrongUse(messageOf(error));
  if (error.name === 'AbortError') return cancelled();
  if (OF_THE_FILE.has(error.name)) {
    const place = sources.locate('span' in error ? (error.span as Span | undefined) : undefined);
    return badFile(place === undefined ? error.message : `${place}: error: ${error.message}`);
  }
  // V8's words for an array that cannot be had.
  if (error.name === 'RangeError' && /array (buffer|length)|allocation/i.test(error.message))
    return wrongUse('this needs more memory than there is; use fewer tokens');
  return wrongUse(error.message);
}
