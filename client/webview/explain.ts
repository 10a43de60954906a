import { CompileError } from '../../runtime/compile/mask-tree.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { OutOfTime } from './time-limit.ts';

/** Why a worker has no answer, in words for the user. */
export function explain(error: unknown): string {
  if (error instanceof PatternError || error instanceof CompileError || error instanceof OutOfTime)
    return error.message;
  return `This mask cannot be drawn: ${error instanceof Error ? error.message : String(error)}`;
}
