import { describe, expect, it } from 'vitest';
import { asFailure } from '../../../client/cli/explain.ts';
import { badFile } from '../../../client/cli/failure.ts';
import { JobError } from '../../../client/cli/in-thread.ts';
import { Sources } from '../../../client/cli/sources.ts';

const sources = new Sources(new AbortController().signal);

describe('what the user is told about an error', () => {
  it.each([
    ['of this thread', new RangeError('Array buffer allocation failed')],
    [
      'of the compiling thread, which has lost its class',
      new JobError('RangeError', 'Array buffer allocation failed', undefined),
    ],
    ['of a typed array', new JobError('RangeError', 'Invalid typed array length: 99999999999', undefined)],
  ])('memory that cannot be had, %s', (_, error) => {
    expect(asFailure(error, sources)).toMatchObject({
      exitCode: 2,
      message: 'this needs more memory than there is; use fewer tokens',
    });
  });

  it('other errors of range keep their words', () => {
    expect(asFailure(new JobError('RangeError', 'Maximum call stack size exceeded', undefined), sources).message).toBe(
      'Maximum call stack size exceeded',
    );
  });

  it('blames the file for what the runtime found in it', () => {
    expect(asFailure(new JobError('PatternError', 'no such row', undefined), sources)).toMatchObject({
      exitCode: 1,
      message: 'no such row',
    });
  });

  it('cancelled work says so, and failures pass through', () => {
    expect(asFailure(new DOMException('stop', 'AbortError'), sources)).toMatchObject({ exitCode: 130 });
    const failure = badFile('as it was');
    expect(asFailure(failure, sources)).toBe(failure);
  });
});
