/**
 * Wraps an asynchronous function so that its calls run one after the other: a kernel's memory and a pool of workers
 * serve one run at a time.
 */
export function oneAtATime<Arguments extends readonly unknown[], Result>(
  call: (...args: Arguments) => Promise<Result>,
): (...args: Arguments) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (...args) => {
    const result = last.then(() => call(...args));
    last = result.catch(() => {});
    return result;
  };
}
