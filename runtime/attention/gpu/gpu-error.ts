/** The GPU could not do what was asked: too large, out of memory, lost. The message is for the user. */
export class GpuError extends Error {
  override readonly name = 'GpuError';
}
